import { chmod, mkdir, open, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { LinkFiles } from '../server/journey/transform/link-files.ts'
import { type MailInHand, type RenderedCopy, receiptOf, type Tools } from '../server/journey/transform/mail.ts'
import { createDocumentRenderer } from '../server/journey/transform/pdf/renderer.ts'
import { copiesOf, renderCopy } from '../server/journey/transform/render.ts'
import { writeEntity } from '../server/mime/write.ts'
import { openFileBlobs } from '../server/platform/blobs/files.ts'
import { systemClock } from '../server/platform/clock.ts'
import { messageId, uuidv7 } from '../server/platform/ids.ts'
import { readPolicyDirectory } from '../server/policies/directory.ts'
import type { Decision } from '../shared/domain/index.ts'
import { toFault } from '../shared/fault/index.ts'
import { decide, loadPolicy } from '../shared/policy/index.ts'
import type { CliIo } from './io.ts'
import { openMailFile } from './mail-file.ts'

interface Options {
  readonly policy: string
  readonly from?: string
  readonly to?: string
  readonly config?: string
  readonly facts?: string
  readonly out: string
  readonly json?: boolean
}

interface Written {
  readonly file: string
  readonly recipients: readonly string[]
  readonly method: string
  readonly layers: readonly string[]
}

/** `secflow protect`: the whole journey on one file, without a server. */
export function registerProtect(program: Command, io: CliIo): void {
  program
    .command('protect')
    .argument('<mail>', 'mail file (.eml)')
    .description('take one mail through the whole journey, without a server')
    .requiredOption('--policy <dir>', 'directory of rule sets')
    .option('--from <address>', 'envelope sender (default: From)')
    .option('--to <addresses>', 'envelope recipients, with commas between them (default: To and Cc)')
    .option('--config <file>', 'secflow.yaml: tenant, own domains, master secret')
    .option('--facts <file>', 'YAML with people, phones and keys')
    .requiredOption('--out <dir>', 'where the copies and decision.json go')
    .option('--json', 'print decision.json')
    .addHelpText(
      'after',
      '\nExample:\n  $ secflow protect mail.eml --policy examples/demo/policies --from anna@demo.example --to b@x.example --facts facts.yaml --out out',
    )
    .action((mail: string, options: Options) => protect(mail, options, io))
}

async function protect(file: string, options: Options, io: CliIo): Promise<void> {
  const at = (name: string) => path.resolve(io.cwd, name)
  const { policy, diagnostics } = loadPolicy(await readPolicyDirectory(at(options.policy)))
  if (!policy) {
    for (const { file: name, line, column, text } of diagnostics) io.err(`${name}:${line}:${column}: ${text.en}`)
    io.exit(3)
    return
  }
  const out = at(options.out)
  await mkdir(out, { recursive: true })
  await using mail = await openMailFile(at(file), {
    from: options.from,
    to: options.to
      ?.split(',')
      .map((address) => address.trim())
      .filter(Boolean),
    facts: options.facts === undefined ? undefined : at(options.facts),
    config: options.config === undefined ? undefined : at(options.config),
  })
  const decision = decide(policy, await mail.input(policy))
  const documents = createDocumentRenderer()
  const tools: Tools = {
    blobs: await openFileBlobs({ root: path.join(out, 'blobs'), reserveBytes: 0 }),
    secrets: mail.secrets,
    keyring: mail.keyring,
    directory: mail.directory,
    documents,
    clock: systemClock,
    newId: () => uuidv7(Date.now()),
  }
  const hand: MailInHand = {
    id: messageId(mail.now),
    tenant: mail.tenant,
    mailFrom: mail.envelope.mailFrom,
    acceptedAt: mail.now,
    source: mail.source,
    parsed: mail.parsed,
    decision,
  }
  try {
    const { written, failed } = await writeCopies(hand, tools, out)
    const report = { ...decision, files: written, failed }
    await writeFile(path.join(out, 'decision.json'), `${JSON.stringify(report, null, 2)}\n`)
    if (options.json) io.out(JSON.stringify(report, null, 2))
    else print(io, decision, written, failed)
    io.exit(failed.length || decision.recipients.some(({ outcome }) => outcome !== 'deliver') ? 1 : 0)
  } finally {
    await documents.close()
  }
}

async function writeCopies(mail: MailInHand, tools: Tools, out: string) {
  const wanted = new Set(
    mail.decision.recipients.filter(({ outcome }) => outcome === 'deliver').map(({ address }) => address),
  )
  const files = new LinkFiles(mail, tools)
  const written: (Written & { receipts: unknown })[] = []
  const failed: { recipients: readonly string[]; fault: string; detail: string }[] = []
  const secrets: RenderedCopy['secrets'][number][] = []
  for (const copy of copiesOf(mail, wanted)) {
    const recipients = copy.recipients.map(({ address }) => address)
    try {
      const rendered = await renderCopy(mail, copy, files, tools)
      const name = `copy-${written.length + 1}.eml`
      await writeWhole(path.join(out, name), rendered)
      secrets.push(...rendered.secrets)
      const receipts = Object.fromEntries(
        copy.recipients.map((recipient) => [recipient.address, receiptOf(rendered, recipient)]),
      )
      written.push({ file: name, recipients, method: rendered.method ?? 'plain', layers: rendered.layers, receipts })
    } catch (error) {
      const fault = toFault(error)
      if (fault.code === 'internal') throw fault
      failed.push({ recipients, fault: fault.code, detail: fault.detail })
    }
  }
  if (secrets.length) {
    // Passwords belong to nobody but the person who runs the command.
    const file = path.join(out, 'secrets.json')
    await writeFile(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 })
    await chmod(file, 0o600)
  }
  return { written, failed }
}

/** A copy is there whole or not at all. */
async function writeWhole(target: string, copy: RenderedCopy): Promise<void> {
  const handle = await open(`${target}.part`, 'w')
  try {
    for await (const chunk of writeEntity(copy.message)) await handle.write(chunk)
  } finally {
    await handle.close()
  }
  await rename(`${target}.part`, target)
}

function print(
  io: CliIo,
  decision: Decision,
  written: readonly Written[],
  failed: readonly { recipients: readonly string[]; fault: string; detail: string }[],
): void {
  const width = Math.max(...decision.recipients.map(({ address }) => address.length), 9)
  for (const { address, outcome, reasons, missing } of decision.recipients) {
    const copy = written.find(({ recipients }) => recipients.includes(address))
    const fault = failed.find(({ recipients }) => recipients.includes(address))
    const verdict = fault
      ? `could not be done: ${fault.fault} ${fault.detail}`
      : copy
        ? `${copy.method} -> ${copy.file}`
        : outcome
    io.out(`${address.padEnd(width)}  ${verdict}`)
    for (const { rule, text } of reasons) io.out(`${''.padEnd(width)}    ${rule}: ${text.en}`)
    for (const { text } of missing) io.out(`${''.padEnd(width)}    missing: ${text.en}`)
  }
}
