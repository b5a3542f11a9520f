import { checkFiles, type FetchFile } from './check-files.ts'
import { checkEvents, checkHead, checkUrls } from './check-head.ts'
import { checkResources } from './check-resources.ts'
import type { Finding, Report } from './finding.ts'
import { contentOf, LEAVES } from './structure.ts'
import { type Element, readXml, XmlError } from './xml.ts'

/** Characters of a manifest. */
const LARGEST = 262_144

/**
 * Checks an add-in only manifest as Outlook and the administrator's centre would, without asking anybody: order and number of
 * elements, ids, lengths, languages, addresses, events, and with `fetchFile` the pictures and the script. Findings in the order
 * of their lines.
 */
export async function checkManifest(text: string, fetchFile: FetchFile | null): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const report: Report = (rule, where, what, severity = 'error') =>
    findings.push({ severity, rule, line: where?.line ?? 0, text: what })
  if (text.length > LARGEST) report('size', null, `the manifest has ${text.length} characters; ${LARGEST} are allowed`)
  let root: Element
  try {
    root = readXml(text.slice(0, LARGEST))
  } catch (error) {
    if (!(error instanceof XmlError)) throw error
    return [...findings, { severity: 'error', rule: 'xml', line: error.line, text: error.message }]
  }
  if (root.name !== 'OfficeApp' || root.attributes['xsi:type'] !== 'MailApp') {
    report('structure', root, 'the document is no OfficeApp with xsi:type="MailApp"')
    return findings
  }
  checkStructure(root, undefined, report)
  checkHead(root, report)
  checkUrls(root, report)
  checkResources(root, report)
  checkEvents(root, report)
  if (fetchFile) await checkFiles(root, fetchFile, report)
  return findings.toSorted((a, b) => a.line - b.line)
}

function checkStructure(one: Element, parent: Element | undefined, report: Report): void {
  const slots = contentOf(one.name, one.attributes['xsi:type'], parent?.name)
  if (!slots) {
    if (!LEAVES.has(one.name)) report('structure', one, `${nameOf(one)} is not known`)
    else if (one.children.length > 0) report('structure', one, `${one.name} holds no elements`)
    return
  }
  let at = -1
  for (const child of one.children) {
    const place = slots.findIndex(({ name }) => name === child.name)
    if (place < 0) report('structure', child, `${child.name} does not belong in ${nameOf(one)}`)
    else if (place < at) report('order', child, `${child.name} stands after ${slots[at]?.name}; it has to stand before`)
    at = Math.max(at, place)
  }
  for (const { name, least, most } of slots) {
    const there = one.children.filter((child) => child.name === name)
    if (there.length < least) report('structure', one, `${nameOf(one)} has no ${name}`)
    if (there.length > most) report('structure', there[1] ?? one, `${name} stands more than once in ${nameOf(one)}`)
  }
  for (const child of one.children) checkStructure(child, one, report)
}

function nameOf({ name, attributes }: Element): string {
  const type = attributes['xsi:type']
  return type === undefined ? name : `${name} (${type})`
}
