/** `secflow keys`: standing passwords and revocation lists of a gateway. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import type { RevocationList } from '../shared/contract/index.ts'
import { Fault } from '../shared/fault/index.ts'
import type { CliIo } from './io.ts'
import { type Language, language } from './language.ts'
import { print, run } from './policy-command.ts'
import { connect, problem, type Remote, type RemoteParts, remote } from './remote.ts'

interface Options extends Remote {
  readonly lang: Language
}

interface ActOptions extends Options {
  readonly reason: string
}

const FINDINGS = ['not-found', 'forbidden', 'request-invalid', 'crl-unusable', 'address-invalid']

const WORDS = {
  en: {
    renewed: (address: string) => `Forgotten: the next mail to ${address} makes a new password and sends it.`,
    imported: (list: string) => `Imported: ${list}`,
    list: ({ authority, revoked, nextUpdate }: RevocationList) =>
      `${authority}, ${revoked} revoked, until ${nextUpdate}`,
    stale: 'RAN OUT',
    none: 'There are no revocation lists.',
  },
  de: {
    renewed: (address: string) =>
      `Vergessen: Die nächste E-Mail an ${address} erzeugt und versendet ein neues Passwort.`,
    imported: (list: string) => `Übernommen: ${list}`,
    list: ({ authority, revoked, nextUpdate }: RevocationList) =>
      `${authority}, ${revoked} gesperrt, bis ${nextUpdate}`,
    stale: 'ABGELAUFEN',
    none: 'Es gibt keine Sperrlisten.',
  },
} as const

export function registerKeys(program: Command, io: CliIo, parts: RemoteParts = { env: process.env }): void {
  const keys = program.command('keys').description('standing passwords and revocation lists of a gateway')
  const scope = 'renew-password bob@partner.example --reason "lost it"'
  acting(asking(keys.command('renew-password').argument('<address>', 'of the correspondent'), scope, 'passwords:renew'))
    .description('forget the PDF password a correspondent keeps: the next mail makes and sends a new one')
    .action((address: string, options: ActOptions) =>
      run(io, async () => {
        const { reason, lang, json } = options
        const answer = await gatewayOf(options, parts).post('/keys/passwords/renew', { address, reason })
        if (json) print(io, answer.body)
        else if (answer.ok) io.out(WORDS[lang].renewed(String(answer.body.address)))
        else io.err(problem(address, answer.body))
        io.exit(answer.ok ? 0 : 1)
      }),
    )
  const importing = keys.command('import-crl').argument('<file>', 'the list, DER or PEM')
  acting(asking(importing, 'import-crl ca.crl --reason "weekly list"', 'keys:write'))
    .description('keep a revocation list (CRL) in the place of an older one of the same authority')
    .action((file: string, options: ActOptions) =>
      run(io, async () => {
        const { reason, lang, json } = options
        const data = await readFile(path.resolve(io.cwd, file)).catch((cause) => {
          throw new Fault('config-missing', `${file} cannot be read`, { cause })
        })
        const answer = await gatewayOf(options, parts).post('/keys/crls', { list: data.toString('base64'), reason })
        if (json) print(io, answer.body)
        else if (answer.ok) io.out(WORDS[lang].imported(WORDS[lang].list(answer.body as RevocationList)))
        else io.err(problem(file, answer.body))
        io.exit(answer.ok ? 0 : 1)
      }),
    )
  asking(keys.command('crls'), 'crls', 'keys:read')
    .description('revocation lists, and which of them ran out; exit status 1 when one did')
    .action((options: Options) =>
      run(io, async () => {
        const { ok, body } = await gatewayOf(options, parts).get('/keys/crls')
        if (!ok) throw new Fault('config-invalid', problem('', body))
        const { lists } = body as { readonly lists: readonly RevocationList[] }
        const words = WORDS[options.lang]
        if (options.json) print(io, { lists })
        else if (lists.length === 0) io.out(words.none)
        else for (const list of lists) io.out(`${list.stale ? `${words.stale}  ` : ''}${words.list(list)}`)
        io.exit(lists.some(({ stale }) => stale) ? 1 : 0)
      }),
    )
}

const gatewayOf = (options: Options, parts: RemoteParts) =>
  connect(options, parts, { language: options.lang, findings: FINDINGS })

const acting = (command: Command) => command.requiredOption('--reason <text>', 'why; stands in the audit')

const asking = (command: Command, example: string, scope: string) =>
  remote(command, scope, `secflow keys ${example}`).option('--lang <language>', 'de or en', language, 'en')
