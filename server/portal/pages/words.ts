/** What recipients read in the portal and in the messages that bring codes. */
import type { FaultCode } from '../../../shared/fault/index.ts'

export type PortalLanguage = 'de' | 'en'
type Explained = Extract<
  FaultCode,
  'link-unknown' | 'link-expired' | 'link-revoked' | 'code-attempts-exhausted' | 'phone-missing' | 'rate-limited'
>

export interface PortalWords {
  readonly product: string
  readonly otherLanguage: string
  readonly skip: string
  readonly filesHeading: (count: number) => string
  readonly messageHeading: string
  readonly landingFrom: (sender: string) => string
  readonly landingUntil: (until: string) => string
  readonly landingMail: (address: string) => string
  readonly landingSms: (phone: string) => string
  readonly step: (now: number, of: number) => string
  readonly sendMail: string
  readonly sendSms: string
  readonly codeHeading: Readonly<Record<'code' | 'sms', string>>
  readonly codeSent: Readonly<Record<'code' | 'sms', (to: string) => string>>
  readonly codeLabel: string
  readonly codeHint: string
  readonly verify: string
  readonly again: string
  readonly error: string
  readonly codeWrong: string
  readonly download: string
  readonly downloadAll: (size: string) => string
  readonly checksum: string
  readonly checksumHint: string
  readonly from: string
  readonly to: string
  readonly dated: string
  readonly subjectNone: string
  readonly body: string
  readonly asText: string
  readonly asHtml: string
  readonly image: string
  readonly attachments: string
  readonly replyHeading: string
  readonly replyTo: (sender: string) => string
  readonly replyText: string
  readonly replyFiles: string
  readonly replyFilesHint: (limit: string) => string
  readonly replySend: string
  readonly replyEmpty: string
  readonly doneHeading: string
  readonly done: (sender: string) => string
  readonly back: string
  readonly leave: string
  readonly leftHeading: string
  readonly left: string
  readonly errors: Readonly<Record<Explained, readonly [heading: string, text: string]>>
  readonly otherError: readonly [heading: string, text: string]
  readonly tryAgain: string
  readonly reference: (id: string) => string
  readonly footer: string
  readonly codeMailSubject: string
  readonly codeMail: (sender: string, code: string) => string
  readonly codeSms: (code: string) => string
  readonly receiptSubject: (subject: string) => string
  readonly receipt: (recipient: string, subject: string, time: string) => string
  readonly date: (time: number) => string
  readonly bytes: (size: number) => string
}

export const portalWords: Readonly<Record<PortalLanguage, PortalWords>> = {
  en: {
    product: 'Secure mail',
    otherLanguage: 'Deutsch',
    skip: 'Skip to content',
    filesHeading: (count) => (count === 1 ? 'A file for you' : `${count} files for you`),
    messageHeading: 'A protected message for you',
    landingFrom: (sender) => `${sender} has sent you this in a protected way.`,
    landingUntil: (until) => `Available until ${until}.`,
    landingMail: (address) => `To make sure that it is you, we send a one-time code to ${address}.`,
    landingSms: (phone) => `One more step: we send a code to your phone, number ${phone}.`,
    step: (now, of) => `Step ${now} of ${of}`,
    sendMail: 'Send me the code',
    sendSms: 'Send the code to my phone',
    codeHeading: { code: 'Enter the code from the e-mail', sms: 'Enter the code from the text message' },
    codeSent: {
      code: (to) => `We sent it to ${to}. It is valid for ten minutes; look in the junk folder as well.`,
      sms: (to) => `We sent it to ${to}. It is valid for ten minutes.`,
    },
    codeLabel: 'Code',
    codeHint: 'Eight digits; spaces do not matter.',
    verify: 'Continue',
    again: 'Send a new code',
    error: 'That did not work',
    codeWrong: 'The code is wrong or no longer valid. Check it, or ask for a new one.',
    download: 'Download',
    downloadAll: (size) => `Download all (ZIP, ${size})`,
    checksum: 'SHA-256',
    checksumHint: 'With the checksum you can verify that the file arrived unchanged.',
    from: 'From',
    to: 'To',
    dated: 'Date',
    subjectNone: '(no subject)',
    body: 'Message text',
    asText: 'Show as plain text',
    asHtml: 'Show with formatting',
    image: 'Image',
    attachments: 'Attachments',
    replyHeading: 'Reply',
    replyTo: (sender) => `Your answer reaches ${sender} in a protected way.`,
    replyText: 'Your message',
    replyFiles: 'Files (optional)',
    replyFilesHint: (limit) => `Up to ${limit} in total.`,
    replySend: 'Send reply',
    replyEmpty: 'Write a message or choose a file.',
    doneHeading: 'Your reply is on its way',
    done: (sender) => `It was handed over safely and goes to ${sender}. You can close this page.`,
    back: 'Back to the message',
    leave: 'Sign out',
    leftHeading: 'You are signed out',
    left: 'To open it again, follow the link in the e-mail and ask for a new code.',
    errors: {
      'link-unknown': [
        'This link is not known',
        'Perhaps a part of it is missing. Open it from the original e-mail, or copy it as a whole.',
      ],
      'link-expired': [
        'This link has expired',
        'What it led to is no longer available here. Please ask the sender to send it again.',
      ],
      'link-revoked': [
        'This link was withdrawn',
        'The sender has taken it back. Please ask the sender if you have questions.',
      ],
      'code-attempts-exhausted': ['Too many wrong codes', 'This code can no longer be used. Ask for a new one.'],
      'phone-missing': [
        'No phone number is known',
        'A code by text message is needed, but the sender has given no number for you. Please ask the sender.',
      ],
      'rate-limited': [
        'Please wait a little',
        'A code was sent a moment ago, or too many were asked for. Wait a while and try again.',
      ],
    },
    otherError: ['Something went wrong', 'Please try again in a few minutes.'],
    tryAgain: 'Back to the start',
    reference: (id) => `Reference: ${id}`,
    footer: 'Never pass your link or codes on. We never ask for a password.',
    codeMailSubject: 'Your one-time code',
    codeMail: (sender, code) =>
      `Your code: ${code}\n\nIt opens what ${sender} has sent you, and is valid for ten minutes.\n\nIf you did not ask for it, do nothing: without the code nobody gets in.\n`,
    codeSms: (code) => `Your code: ${code} (valid for 10 minutes)`,
    receiptSubject: (subject) => `Opened: ${subject}`,
    receipt: (recipient, subject, time) => `${recipient} has opened "${subject}" on ${time}.\n`,
    ...formats('en-GB'),
  },
  de: {
    product: 'Sichere Post',
    otherLanguage: 'English',
    skip: 'Zum Inhalt springen',
    filesHeading: (count) => (count === 1 ? 'Eine Datei für Sie' : `${count} Dateien für Sie`),
    messageHeading: 'Eine geschützte Nachricht für Sie',
    landingFrom: (sender) => `${sender} hat Ihnen dies geschützt gesendet.`,
    landingUntil: (until) => `Verfügbar bis ${until}.`,
    landingMail: (address) => `Um sicherzugehen, dass Sie es sind, senden wir einen Einmalcode an ${address}.`,
    landingSms: (phone) => `Noch ein Schritt: Wir senden einen Code an Ihr Telefon mit der Nummer ${phone}.`,
    step: (now, of) => `Schritt ${now} von ${of}`,
    sendMail: 'Code zusenden',
    sendSms: 'Code an mein Telefon senden',
    codeHeading: { code: 'Code aus der E-Mail eingeben', sms: 'Code aus der SMS eingeben' },
    codeSent: {
      code: (to) => `Wir haben ihn an ${to} gesendet. Er gilt zehn Minuten; sehen Sie auch im Spam-Ordner nach.`,
      sms: (to) => `Wir haben ihn an ${to} gesendet. Er gilt zehn Minuten.`,
    },
    codeLabel: 'Code',
    codeHint: 'Acht Ziffern; Leerzeichen spielen keine Rolle.',
    verify: 'Weiter',
    again: 'Neuen Code senden',
    error: 'Das hat nicht geklappt',
    codeWrong: 'Der Code ist falsch oder nicht mehr gültig. Prüfen Sie ihn oder fordern Sie einen neuen an.',
    download: 'Herunterladen',
    downloadAll: (size) => `Alle herunterladen (ZIP, ${size})`,
    checksum: 'SHA-256',
    checksumHint: 'Mit der Prüfsumme können Sie feststellen, ob die Datei unverändert angekommen ist.',
    from: 'Von',
    to: 'An',
    dated: 'Datum',
    subjectNone: '(kein Betreff)',
    body: 'Text der Nachricht',
    asText: 'Als reinen Text zeigen',
    asHtml: 'Mit Formatierung zeigen',
    image: 'Bild',
    attachments: 'Anlagen',
    replyHeading: 'Antworten',
    replyTo: (sender) => `Ihre Antwort erreicht ${sender} auf geschütztem Weg.`,
    replyText: 'Ihre Nachricht',
    replyFiles: 'Dateien (freiwillig)',
    replyFilesHint: (limit) => `Zusammen höchstens ${limit}.`,
    replySend: 'Antwort senden',
    replyEmpty: 'Schreiben Sie eine Nachricht oder wählen Sie eine Datei.',
    doneHeading: 'Ihre Antwort ist unterwegs',
    done: (sender) => `Sie wurde sicher übergeben und geht an ${sender}. Sie können diese Seite schließen.`,
    back: 'Zurück zur Nachricht',
    leave: 'Abmelden',
    leftHeading: 'Sie sind abgemeldet',
    left: 'Zum erneuten Öffnen folgen Sie dem Link in der E-Mail und fordern einen neuen Code an.',
    errors: {
      'link-unknown': [
        'Dieser Link ist nicht bekannt',
        'Vielleicht fehlt ein Teil davon. Öffnen Sie ihn aus der ursprünglichen E-Mail oder kopieren Sie ihn vollständig.',
      ],
      'link-expired': [
        'Dieser Link ist abgelaufen',
        'Der Inhalt ist hier nicht mehr verfügbar. Bitten Sie den Absender, ihn erneut zu senden.',
      ],
      'link-revoked': [
        'Dieser Link wurde zurückgezogen',
        'Der Absender hat ihn zurückgenommen. Bei Fragen wenden Sie sich bitte an den Absender.',
      ],
      'code-attempts-exhausted': [
        'Zu viele falsche Codes',
        'Dieser Code kann nicht mehr verwendet werden. Fordern Sie einen neuen an.',
      ],
      'phone-missing': [
        'Keine Telefonnummer bekannt',
        'Es wird ein Code per SMS gebraucht, doch der Absender hat keine Nummer von Ihnen angegeben. Bitte fragen Sie dort nach.',
      ],
      'rate-limited': [
        'Bitte warten Sie etwas',
        'Eben wurde ein Code gesendet, oder es wurden zu viele angefordert. Warten Sie eine Weile und versuchen Sie es erneut.',
      ],
    },
    otherError: ['Etwas ist schiefgegangen', 'Bitte versuchen Sie es in einigen Minuten erneut.'],
    tryAgain: 'Zurück zum Anfang',
    reference: (id) => `Kennung: ${id}`,
    footer: 'Geben Sie Link und Codes nicht weiter. Wir fragen nie nach einem Passwort.',
    codeMailSubject: 'Ihr Einmalcode',
    codeMail: (sender, code) =>
      `Ihr Code: ${code}\n\nEr öffnet, was ${sender} Ihnen gesendet hat, und gilt zehn Minuten.\n\nHaben Sie ihn nicht angefordert, tun Sie nichts: Ohne den Code kommt niemand hinein.\n`,
    codeSms: (code) => `Ihr Code: ${code} (gilt 10 Minuten)`,
    receiptSubject: (subject) => `Geöffnet: ${subject}`,
    receipt: (recipient, subject, time) => `${recipient} hat „${subject}“ geöffnet am ${time}.\n`,
    ...formats('de-DE'),
  },
}

function formats(locale: string): Pick<PortalWords, 'date' | 'bytes'> {
  // Made on first use: the tables behind them take a tenth of a second of every start.
  let date: Intl.DateTimeFormat | undefined
  let number: Intl.NumberFormat | undefined
  const dates = () =>
    new Intl.DateTimeFormat(locale, {
      day: 'numeric',
      month: 'long',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      timeZone: 'Europe/Berlin',
      timeZoneName: 'short',
    })
  return {
    date(time) {
      date ??= dates()
      return date.format(time)
    },
    bytes(size) {
      const units = ['B', 'KB', 'MB', 'GB']
      let value = size
      let unit = 0
      for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
      number ??= new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
      return `${number.format(value)}\u00a0${units[unit]}`
    },
  }
}

/** `anna@example.com` as `a•••@example.com`: the owner knows it, a finder of the link does not learn it. */
export function maskedAddress(address: string): string {
  const at = address.lastIndexOf('@')
  return `${[...address][0]}•••${address.slice(at)}`
}

/** The last three digits of a phone number. */
export const maskedPhone = (phone: string) => `•••${phone.slice(-3)}`
