/** Help of a command in German, where its command line asks for that. */
import { type Argument, type Command, Help, type Option } from 'commander'
import { chosenLanguage } from './language.ts'

/** English text of a command, an option or an argument: the same in German. */
export type GermanTexts = Readonly<Record<string, string>>

/** What commander and every command that asks a gateway say. */
const EVERYWHERE: GermanTexts = {
  'Usage:': 'Aufruf:',
  'Options:': 'Optionen:',
  'Arguments:': 'Argumente:',
  'Commands:': 'Befehle:',
  'display help for command': 'diese Hilfe',
  'de or en': 'Sprache: de oder en',
  'print one JSON document': 'ein JSON-Dokument ausgeben',
  'base of the gateway (default: SECFLOW_URL, else http://127.0.0.1:8080)':
    'Adresse des Gateways (Vorgabe: SECFLOW_URL, sonst http://127.0.0.1:8080)',
}

/** Gives the command and those it gets from now on a German help under `--lang de`; what `texts` lacks stays English. */
export function germanHelp(command: Command, texts: GermanTexts): Command {
  return command.configureHelp({
    formatHelp(asked: Command, helper: Help): string {
      if (chosenLanguage(asked) !== 'de') return Help.prototype.formatHelp.call(helper, asked, helper)
      const german = Object.assign(new GermanHelp({ ...EVERYWHERE, ...texts }), {
        helpWidth: helper.helpWidth ?? 80,
      })
      return german.formatHelp(asked, german)
    },
  })
}

class GermanHelp extends Help {
  readonly #texts: GermanTexts

  constructor(texts: GermanTexts) {
    super()
    this.#texts = texts
  }

  #of(text: string): string {
    return this.#texts[text] ?? text
  }

  override styleTitle(title: string): string {
    return this.#of(title)
  }

  override commandUsage(command: Command): string {
    return super.commandUsage(command).replace('[options]', '[Optionen]').replace('[command]', '[Befehl]')
  }

  override subcommandTerm(command: Command): string {
    return super.subcommandTerm(command).replace('[options]', '[Optionen]').replace('[command]', '[Befehl]')
  }

  override commandDescription(command: Command): string {
    return this.#of(super.commandDescription(command))
  }

  override subcommandDescription(command: Command): string {
    return this.#of(super.subcommandDescription(command))
  }

  override argumentDescription(argument: Argument): string {
    return this.#of(super.argumentDescription(argument))
  }

  override optionDescription(option: Option): string {
    const { description } = option
    const more = super.optionDescription(option).slice(description.length)
    return this.#of(description) + more.replace('(choices: ', '(Auswahl: ').replace('default: ', 'Vorgabe: ')
  }
}
