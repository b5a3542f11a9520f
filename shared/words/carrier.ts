/** What the gateway writes to people beside links and the portal: the password's way, notices to senders and approvers. */
import type { Language } from './filelink.ts'

interface CarrierWords {
  readonly passwordSms: (sender: string, password: string) => string
  /** Of a password that is to be kept. */
  readonly passwordKept: string
  readonly passwordToSenderSubject: (subject: string) => string
  readonly passwordToSender: (recipient: string, password: string) => string
}

export const carrierWords: Readonly<Record<Language, CarrierWords>> = {
  de: {
    passwordSms: (sender, password) => `Passwort für das PDF von ${sender}: ${password}`,
    passwordKept: 'Bitte aufbewahren: Es gilt auch für spätere Nachrichten.',
    passwordToSenderSubject: (subject) => `Passwort zu „${subject}“`,
    passwordToSender: (recipient, password) =>
      `Ihre Nachricht an ${recipient} wurde als verschlüsseltes PDF gesendet.\n\nPasswort: ${password}\n\nBitte teilen Sie es dem Empfänger auf einem anderen Weg mit, zum Beispiel am Telefon, nicht per E-Mail.`,
  },
  en: {
    passwordSms: (sender, password) => `Password for the PDF from ${sender}: ${password}`,
    passwordKept: 'Please keep it: it opens later messages too.',
    passwordToSenderSubject: (subject) => `Password for “${subject}”`,
    passwordToSender: (recipient, password) =>
      `Your message to ${recipient} was sent as an encrypted PDF.\n\nPassword: ${password}\n\nPlease tell the recipient by another way, on the telephone for example, not by e-mail.`,
  },
}
