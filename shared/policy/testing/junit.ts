import type { PolicyTestResult } from './run.ts'

/** The result as JUnit XML, one suite a file, as CI systems read it. */
export function junitXml(result: PolicyTestResult): string {
  const files = [...new Set(result.cases.map((one) => one.file))]
  const suites = files.map((file) => {
    const cases = result.cases.filter((one) => one.file === file)
    const failed = cases.filter((one) => one.failures.length > 0).length
    const lines = cases.map(({ name, line, failures }) => {
      const head = `    <testcase classname="${xml(file)}" name="${xml(name)}" file="${xml(file)}" line="${line}"`
      if (failures.length === 0) return `${head}/>`
      return `${head}>\n      <failure message="${xml(failures[0] ?? '')}">${xml(failures.join('\n'))}</failure>\n    </testcase>`
    })
    return `  <testsuite name="${xml(file)}" tests="${cases.length}" failures="${failed}">\n${lines.join('\n')}\n  </testsuite>`
  })
  const head = `<testsuites tests="${result.cases.length}" failures="${result.failed}">`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${suites.join('\n')}${suites.length > 0 ? '\n' : ''}</testsuites>\n`
}

function xml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to write them
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '�')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll('\n', '&#10;')
  )
}
