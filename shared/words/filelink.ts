/** What recipients read about links and the portal: in the mail, in the notice and on the page. */
import type { Access } from '../domain/index.ts'

export type Language = 'de' | 'en'

interface FileLinkWords {
  readonly oneFile: string
  readonly manyFiles: (count: number) => string
  readonly download: string
  readonly available: (until: string) => string
  /** How to open it, by access level. */
  readonly access: Readonly<Record<Access, string>>
  readonly checksum: string
  readonly noticeSubject: (sender: string) => string
  readonly noticeIntro: (sender: string) => string
  readonly noticeAbout: (subject: string) => string
  readonly noticeOpen: string
  readonly noticeReply: string
  readonly noticeUnexpected: string
}

export const fileLinkWords: Readonly<Record<Language, FileLinkWords>> = {
  de: {
    oneFile: 'Eine Datei zu dieser Nachricht liegt sicher zum Abruf bereit',
    manyFiles: (count) => `${count} Dateien zu dieser Nachricht liegen sicher zum Abruf bereit`,
    download: 'Dateien abrufen',
    available: (until) => `Abrufbar bis ${until}.`,
    access: {
      link: 'Zum Öffnen genügt der Link; bitte geben Sie ihn nicht weiter.',
      'link-code': 'Beim Öffnen senden wir Ihnen einen Einmalcode an Ihre E-Mail-Adresse.',
      password: 'Zum Öffnen brauchen Sie das Passwort, das Sie getrennt erhalten.',
      portal: 'Zum Öffnen melden Sie sich im Portal mit Ihrer E-Mail-Adresse an.',
      'portal-2fa':
        'Zum Öffnen melden Sie sich im Portal an und bestätigen mit einem Code, den wir an Ihr Mobiltelefon senden.',
    },
    checksum: 'SHA-256',
    noticeSubject: (sender) => `Geschützte Nachricht von ${sender}`,
    noticeIntro: (sender) => `${sender} hat Ihnen eine geschützte Nachricht gesendet.`,
    noticeAbout: (subject) => `Betreff: ${subject}`,
    noticeOpen: 'Nachricht öffnen',
    noticeReply: 'Im Portal können Sie auch geschützt antworten.',
    noticeUnexpected:
      'Erwarten Sie keine Nachricht von diesem Absender, fragen Sie dort nach, bevor Sie den Link öffnen.',
  },
  en: {
    oneFile: 'A file that belongs to this message is ready for secure download',
    manyFiles: (count) => `${count} files that belong to this message are ready for secure download`,
    download: 'Get the files',
    available: (until) => `Available until ${until}.`,
    access: {
      link: 'The link is all you need to open them; please do not pass it on.',
      'link-code': 'When you open the link, we send a one-time code to your e-mail address.',
      password: 'To open them you need the password that reaches you separately.',
      portal: 'To open them, sign in to the portal with your e-mail address.',
      'portal-2fa': 'To open them, sign in to the portal and confirm with a code that we send to your mobile phone.',
    },
    checksum: 'SHA-256',
    noticeSubject: (sender) => `Protected message from ${sender}`,
    noticeIntro: (sender) => `${sender} has sent you a protected message.`,
    noticeAbout: (subject) => `Subject: ${subject}`,
    noticeOpen: 'Open the message',
    noticeReply: 'You can also answer there, protected.',
    noticeUnexpected: 'If you expect no message from this sender, ask them before you open the link.',
  },
}
