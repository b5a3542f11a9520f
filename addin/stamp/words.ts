export type AlertLanguage = 'de' | 'en'

/** `de-CH` and the like read German, everybody else English. */
export const alertLanguage = (tag: string | undefined): AlertLanguage => (/^de\b/i.test(tag || '') ? 'de' : 'en')

interface AlertWords {
  /** Shown before the reasons: what happened and what to do. */
  readonly stop: string
  readonly stopWithoutPane: string
  readonly ask: string
  /** Button that opens the pane; 20 characters at most. */
  readonly open: string
}

export const alertWords: Readonly<Record<AlertLanguage, AlertWords>> = {
  en: {
    stop: 'This mail is not sent as it is. Choose “Review protection”, mend what is named here, and send again.',
    stopWithoutPane:
      'This mail is not sent as it is. Open “Protect” in the ribbon of this message, mend what is named here, and send again.',
    ask: 'Please look at this before the mail goes. You can send it as it is; “Review protection” shows what would be better.',
    open: 'Review protection',
  },
  de: {
    stop: 'Diese Nachricht wird so nicht gesendet. Wählen Sie „Schutz prüfen“, beheben Sie, was hier genannt ist, und senden Sie erneut.',
    stopWithoutPane:
      'Diese Nachricht wird so nicht gesendet. Öffnen Sie „Schützen“ im Menüband dieser Nachricht, beheben Sie, was hier genannt ist, und senden Sie erneut.',
    ask: 'Bitte sehen Sie sich das vor dem Senden an. Sie können so senden; „Schutz prüfen“ zeigt, was besser wäre.',
    open: 'Schutz prüfen',
  },
}
