import type { DsnAction, DsnRecipient } from './dsn-recipient.ts'

export type DsnLanguage = 'de' | 'en'

const INTRO: Record<DsnLanguage, (mta: string) => string> = {
  de: (mta) => `Dies ist eine automatische Nachricht des Mailservers ${mta}.`,
  en: (mta) => `This is an automatic message of the mail server ${mta}.`,
}

const WHAT: Record<DsnAction, Record<DsnLanguage, string>> = {
  failed: {
    de: 'Ihre Nachricht konnte diesen Empfängern nicht zugestellt werden. Es wird kein weiterer Versuch unternommen.',
    en: 'Your message could not be delivered to these recipients. No further attempt is made.',
  },
  delayed: {
    de: 'Ihre Nachricht ist noch nicht zugestellt. Die Zustellung wird weiter versucht, Sie brauchen nichts zu tun.',
    en: 'Your message has not been delivered yet. Delivery is still being tried, you need not do anything.',
  },
  relayed: {
    de: 'Ihre Nachricht wurde an einen Mailserver übergeben, der keine Zustellbestätigungen gibt.',
    en: 'Your message was handed to a mail server that gives no confirmations of delivery.',
  },
}

/** The part for people: each language in turn, within it the recipients by what became of them. */
export function humanText(mta: string, recipients: readonly DsnRecipient[], languages: readonly DsnLanguage[]): string {
  const actions: readonly DsnAction[] = ['failed', 'delayed', 'relayed']
  return languages
    .map((language) => {
      const groups = actions.flatMap((action) => {
        const members = recipients.filter((recipient) => recipient.action === action)
        if (members.length === 0) return []
        return [
          WHAT[action][language],
          members.map((one) => `  <${one.address}>\n    ${one.words?.[language] ?? one.reply}`).join('\n'),
        ]
      })
      return [INTRO[language](mta), ...groups].join('\n\n')
    })
    .join('\n\n----\n\n')
}

/** ASCII and without the original subject: the report must not repeat what a policy may have hidden. */
export const SUBJECT: Record<DsnAction, string> = {
  failed: 'Undelivered mail returned to sender / Nachricht nicht zugestellt',
  delayed: 'Delivery delayed, still trying / Zustellung verzoegert',
  relayed: 'Mail relayed / Nachricht weitergeleitet',
}
