/** What the commands have in common that ask a running gateway. */
import type { Command } from 'commander'
import { type Api, apiOf } from './api.ts'
import { chosenLanguage, type Language } from './language.ts'

export interface Remote {
  readonly url?: string
  readonly token?: string
  readonly json?: boolean
}

export interface RemoteParts {
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Asking {
  /** Of what the gateway says. */
  readonly language: Language
  /** Codes of answers that are findings, no failures. */
  readonly findings: readonly string[]
}

/** Options that say which gateway and as whom. `scope` is what the token must bear; `example` is a whole command line. */
export function remote(command: Command, scope: string, example: string): Command {
  return command
    .option('--url <url>', 'base of the gateway (default: SECFLOW_URL, else http://127.0.0.1:8080)')
    .option('--token <token>', `access token with ${scope} (default: SECFLOW_TOKEN)`)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      ({ command: asked }) => `\n${chosenLanguage(asked) === 'de' ? 'Beispiel' : 'Example'}:\n  $ ${example}`,
    )
}

/** The gateway that the options name, else the environment. Raises `config-missing` without a token. */
export function connect({ url, token }: Remote, { env }: RemoteParts, { language, findings }: Asking): Api {
  return apiOf(url ?? env.SECFLOW_URL ?? 'http://127.0.0.1:8080', token ?? env.SECFLOW_TOKEN, language, findings)
}

/** One line of what a gateway says is wrong with `what`. */
export function problem(what: string, { title, detail }: Readonly<Record<string, unknown>>): string {
  return [what, title, detail].filter(Boolean).join(': ')
}
