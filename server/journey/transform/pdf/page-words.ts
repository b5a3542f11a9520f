/** Words of the rendered page. */
export interface PageWords {
  readonly title: string
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly date: string
  readonly files: string
  readonly more: (count: number) => string
  readonly reply: string
  readonly replyHint: string
  readonly noSubject: string
  readonly empty: string
  readonly shortened: string
  readonly simplified: string
  readonly missing: (count: number, scripts: readonly string[]) => string
  readonly picture: (name: string) => string
  readonly page: (page: number, of: number) => string
}

export const PAGE_WORDS: Readonly<Record<'de' | 'en', PageWords>> = {
  de: {
    title: 'Verschlüsselte Nachricht',
    from: 'Von',
    to: 'An',
    subject: 'Betreff',
    date: 'Datum',
    files: 'Angehängte Dateien',
    more: (count) => `und ${count} weitere`,
    reply: 'Sicher antworten',
    replyHint: 'Eine normale Antwort per E-Mail ist nicht verschlüsselt.',
    noSubject: '(ohne Betreff)',
    empty: '(Die Nachricht hat keinen Text.)',
    shortened: 'Die Nachricht ist hier gekürzt. Vollständig steht sie in der angehängten Originalnachricht.',
    simplified: 'Die Gestaltung der Nachricht konnte nicht übernommen werden; hier steht ihr Text.',
    missing: (count, scripts) =>
      `${count} Zeichen können hier nicht dargestellt werden (${scripts.join(', ')}) und stehen als \ufffd. Vollständig stehen sie in der angehängten Originalnachricht.`,
    picture: (name) => `[Bild: ${name}]`,
    page: (page, of) => `Seite ${page} von ${of}`,
  },
  en: {
    title: 'Encrypted message',
    from: 'From',
    to: 'To',
    subject: 'Subject',
    date: 'Date',
    files: 'Attached files',
    more: (count) => `and ${count} more`,
    reply: 'Reply securely',
    replyHint: 'An ordinary reply by e-mail is not encrypted.',
    noSubject: '(no subject)',
    empty: '(The message has no text.)',
    shortened: 'The message is shortened here. It is complete in the attached original message.',
    simplified: 'The layout of the message could not be kept; this is its text.',
    missing: (count, scripts) =>
      `${count} characters cannot be shown here (${scripts.join(', ')}) and stand as \ufffd. They are complete in the attached original message.`,
    picture: (name) => `[Image: ${name}]`,
    page: (page, of) => `Page ${page} of ${of}`,
  },
}

/** `35,2 MB`: decimal units, one digit after the point from MB on. */
export function fileSize(bytes: number, language: 'de' | 'en'): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const digits = power >= 2 ? 1 : 0
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: digits, minimumFractionDigits: digits })
  return `${number.format(bytes / 1000 ** power)} ${units[power]}`
}

/** `23. November 2026 um 04:28 UTC`. */
export function longDate(time: number, language: 'de' | 'en'): string {
  const format = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' } as const
  return `${new Intl.DateTimeFormat(language === 'de' ? 'de-DE' : 'en-GB', format).format(time)} UTC`
}
