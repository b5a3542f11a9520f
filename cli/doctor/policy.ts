import { readPolicyDirectory } from '../../server/policies/directory.ts'
import { toFault } from '../../shared/fault/index.ts'
import { loadPolicy } from '../../shared/policy/index.ts'

/** The errors of a policy folder, a line each; empty when it loads. */
export async function findingsOfPolicy(dir: string): Promise<readonly string[]> {
  try {
    const { diagnostics } = loadPolicy(await readPolicyDirectory(dir))
    return diagnostics
      .filter(({ severity }) => severity === 'error')
      .map(({ file, line, column, text }) => `${file}:${line}:${column}: ${text.en}`)
  } catch (thrown) {
    const { code, detail } = toFault(thrown)
    return [detail || code]
  }
}
