/** What the gateway tells senders, approvers and those a rule notifies about the fate of a mail. */
import type { Language } from './filelink.ts'

interface NoticeWords {
  readonly heldSubject: (subject: string) => string
  readonly held: (recipients: string, why: string) => string
  readonly quarantinedSubject: (subject: string) => string
  readonly quarantined: (recipients: string, why: string) => string
  /** A copy went out as an encrypted PDF, its password did not. */
  readonly passwordUnsentSubject: (subject: string) => string
  readonly passwordUnsent: (recipients: string, why: string) => string
  /** The gateway accepted the message and has lost it. */
  readonly lostSubject: (subject: string) => string
  readonly lost: (recipients: string, why: string) => string
  readonly approveSubject: (subject: string) => string
  readonly approve: (sender: string, recipients: string, why: string, id: string) => string
  readonly notifySubject: (template: string, subject: string) => string
  readonly notify: (sender: string, recipients: string, subject: string, rules: string, id: string) => string
}

export const noticeWords: Readonly<Record<Language, NoticeWords>> = {
  de: {
    heldSubject: (subject) => `Angehalten: ${subject}`,
    held: (recipients, why) =>
      `Ihre Nachricht wurde noch nicht zugestellt an:\n\n${recipients}\n\nGrund: ${why}\n\nSie wird aufbewahrt, bis sie freigegeben oder verworfen wird. Sie müssen sie nicht noch einmal senden.`,
    quarantinedSubject: (subject) => `In Quarantäne: ${subject}`,
    quarantined: (recipients, why) =>
      `Ihre Nachricht an die folgenden Empfänger liegt in Quarantäne und wird geprüft:\n\n${recipients}\n\nGrund: ${why}`,
    passwordUnsentSubject: (subject) => `Kennwort nicht gesendet: ${subject}`,
    passwordUnsent: (recipients, why) =>
      `Ihre Nachricht ging als verschlüsseltes PDF an:\n\n${recipients}\n\nDas Kennwort dazu konnte nicht als SMS gesendet werden: Der Empfänger kann das PDF nicht öffnen.\n\nGrund: ${why}\n\nBitte prüfen Sie die Mobilnummer des Empfängers und senden Sie die Nachricht noch einmal, oder wählen Sie einen anderen Schutz.`,
    lostSubject: (subject) => `Nicht zugestellt: ${subject}`,
    lost: (recipients, why) =>
      `Ihre Nachricht konnte nicht zugestellt werden an:\n\n${recipients}\n\nGrund: ${why}\n\nBitte senden Sie sie noch einmal. Ihr Administrator wurde benachrichtigt.`,
    approveSubject: (subject) => `Freigabe erbeten: ${subject}`,
    approve: (sender, recipients, why, id) =>
      `Eine Nachricht von ${sender} wartet auf Ihre Freigabe.\n\nEmpfänger:\n${recipients}\n\nGrund: ${why}\nNachricht: ${id}`,
    notifySubject: (template, subject) => `[${template}] ${subject}`,
    notify: (sender, recipients, subject, rules, id) =>
      `Eine Regel hat auf eine Nachricht angesprochen.\n\nAbsender: ${sender}\nEmpfänger: ${recipients}\nBetreff: ${subject}\nRegeln: ${rules}\nNachricht: ${id}`,
  },
  en: {
    heldSubject: (subject) => `Held: ${subject}`,
    held: (recipients, why) =>
      `Your message has not been delivered yet to:\n\n${recipients}\n\nReason: ${why}\n\nIt is kept until it is released or dropped. You need not send it again.`,
    quarantinedSubject: (subject) => `In quarantine: ${subject}`,
    quarantined: (recipients, why) =>
      `Your message to the following recipients is in quarantine and will be reviewed:\n\n${recipients}\n\nReason: ${why}`,
    passwordUnsentSubject: (subject) => `Password not sent: ${subject}`,
    passwordUnsent: (recipients, why) =>
      `Your message went out as an encrypted PDF to:\n\n${recipients}\n\nIts password could not be sent by SMS: the recipient cannot open the PDF.\n\nReason: ${why}\n\nPlease check the recipient's mobile number and send the message again, or choose another protection.`,
    lostSubject: (subject) => `Not delivered: ${subject}`,
    lost: (recipients, why) =>
      `Your message could not be delivered to:\n\n${recipients}\n\nReason: ${why}\n\nPlease send it again. Your administrator has been told.`,
    approveSubject: (subject) => `Approval needed: ${subject}`,
    approve: (sender, recipients, why, id) =>
      `A message from ${sender} waits for your approval.\n\nRecipients:\n${recipients}\n\nReason: ${why}\nMessage: ${id}`,
    notifySubject: (template, subject) => `[${template}] ${subject}`,
    notify: (sender, recipients, subject, rules, id) =>
      `A rule matched a message.\n\nSender: ${sender}\nRecipients: ${recipients}\nSubject: ${subject}\nRules: ${rules}\nMessage: ${id}`,
  },
}
