/** `--lang`: the language of what a command says. */
import { type Command, InvalidArgumentError } from 'commander'

export type Language = 'de' | 'en'

/** Parser of the option. */
export function language(value: string): Language {
  if (value === 'de' || value === 'en') return value
  throw new InvalidArgumentError('use de or en')
}

/** What the command line of this command, or of the one it belongs to, asks for. */
export function chosenLanguage(command: Command): Language {
  return command.optsWithGlobals().lang === 'de' ? 'de' : 'en'
}
