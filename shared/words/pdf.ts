/** Words of the PDF container: on its page, and in the mail that carries it. */
import type { Language } from './filelink.ts'

export interface PdfPageWords {
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
  readonly missing: (count: number, scripts: readonly string[], sign: string) => string
  /** Where the whole message is: a file beside the page, or with its author. */
  readonly original: (file: string | undefined) => string
  readonly picture: (name: string) => string
  readonly page: (page: number, of: number) => string
}

export const pdfPageWords: Readonly<Record<Language, PdfPageWords>> = {
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
    shortened: 'Die Nachricht ist hier gekürzt.',
    simplified: 'Die Gestaltung der Nachricht konnte nicht übernommen werden; hier steht ihr Text.',
    missing: (count, scripts, sign) =>
      `Zeichen, die hier nicht dargestellt werden können: ${count} (${scripts.join(', ')}). Sie stehen als ${sign}.`,
    original: (file) =>
      file === undefined
        ? 'Fragen Sie bei Bedarf den Absender nach dem vollständigen Text.'
        : `Vollständig steht die Nachricht in der angehängten Datei „${file}“.`,
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
    shortened: 'The message is shortened here.',
    simplified: 'The layout of the message could not be kept; this is its text.',
    missing: (count, scripts, sign) =>
      `Characters that cannot be shown here: ${count} (${scripts.join(', ')}). They stand as ${sign}.`,
    original: (file) =>
      file === undefined
        ? 'Ask the sender for the whole text if you need it.'
        : `The message is complete in the attached file “${file}”.`,
    picture: (name) => `[Image: ${name}]`,
    page: (page, of) => `Page ${page} of ${of}`,
  },
}

export interface PdfNoticeWords {
  readonly subject: (sender: string) => string
  readonly fileName: string
  readonly intro: (sender: string) => string
  readonly open: (file: string) => string
  /** How the password comes; `known`: it is the one that an earlier message brought. */
  readonly password: Readonly<Record<'sms' | 'sender' | 'portal' | 'known', string>>
  readonly files: string
  /** In a mail of which only files are locked. */
  readonly lockedZip: (file: string) => string
  readonly lockedPdfs: string
  readonly zipFileName: string
  /** On a page in the portal. */
  readonly portalPassword: (password: string) => string
  readonly portalReply: string
  readonly reader: string
  readonly reply: string
  readonly unexpected: string
}

export const pdfNoticeWords: Readonly<Record<Language, PdfNoticeWords>> = {
  de: {
    subject: (sender) => `Verschlüsselte Nachricht von ${sender}`,
    fileName: 'Nachricht.pdf',
    intro: (sender) => `${sender} hat Ihnen eine verschlüsselte Nachricht gesendet.`,
    open: (file) => `Öffnen Sie die angehängte Datei „${file}“ und geben Sie das Passwort ein.`,
    password: {
      sms: 'Das Passwort erhalten Sie als SMS.',
      sender: 'Das Passwort teilt Ihnen der Absender auf einem anderen Weg mit, zum Beispiel am Telefon.',
      portal: 'Das Passwort rufen Sie im Portal des Absenders ab.',
      known: 'Es gilt das Passwort, das Sie für frühere Nachrichten dieser Organisation erhalten haben.',
    },
    files: 'Mitgesendete Dateien finden Sie in dem PDF unter „Anlagen“ (Büroklammer).',
    lockedZip: (file) =>
      `Die Anlagen dieser Nachricht stehen verschlüsselt in der Datei „${file}“. Sie öffnet sich mit einem Passwort, zum Beispiel in 7-Zip oder WinZip.`,
    lockedPdfs: 'Die PDF-Anlagen dieser Nachricht öffnen sich nur mit einem Passwort.',
    zipFileName: 'Anlagen.zip',
    portalPassword: (password) =>
      `Ihr Passwort:\n\n${password}\n\nDamit öffnen Sie die verschlüsselte Datei, die Sie per E-Mail erhalten haben.`,
    portalReply:
      'Hier antworten Sie verschlüsselt. Die Nachricht selbst steht in dem PDF, das Sie per E-Mail erhalten haben.',
    reader:
      'Am Computer öffnen Sie das PDF am besten mit Adobe Acrobat Reader, Foxit Reader oder Okular. Manche Vorschauen in Mailprogrammen und auf Telefonen zeigen die Anlagen nicht.',
    reply:
      'Bitte antworten Sie auf vertrauliche Inhalte nicht mit einer gewöhnlichen E-Mail: Sie wäre nicht verschlüsselt.',
    unexpected: 'Erwarten Sie keine Nachricht von diesem Absender, fragen Sie dort nach, bevor Sie die Datei öffnen.',
  },
  en: {
    subject: (sender) => `Encrypted message from ${sender}`,
    fileName: 'Message.pdf',
    intro: (sender) => `${sender} has sent you an encrypted message.`,
    open: (file) => `Open the attached file “${file}” and enter the password.`,
    password: {
      sms: 'The password reaches you as a text message (SMS).',
      sender: 'The sender tells you the password by another way, on the telephone for example.',
      portal: 'The password is in the sender’s portal.',
      known: 'The password is the one that you received for earlier messages of this organisation.',
    },
    files: 'Files sent along are in the PDF under “Attachments” (the paper clip).',
    lockedZip: (file) =>
      `The attachments of this message are encrypted in the file “${file}”. It opens with a password, in 7-Zip or WinZip for example.`,
    lockedPdfs: 'The attached PDFs of this message open with a password only.',
    zipFileName: 'attachments.zip',
    portalPassword: (password) =>
      `Your password:\n\n${password}\n\nIt opens the encrypted file that you received by e-mail.`,
    portalReply: 'Here your answer is encrypted. The message itself is in the PDF that you received by e-mail.',
    reader:
      'On a computer, Adobe Acrobat Reader, Foxit Reader or Okular open the PDF best. Some previews in mail programs and on telephones do not show the attachments.',
    reply: 'Please do not answer confidential content by ordinary e-mail: it would not be encrypted.',
    unexpected: 'If you do not expect a message from this sender, ask there before you open the file.',
  },
}
