/** Drafts that the simulator offers: one for each thing the gateway does. */
type Words = { readonly de: string; readonly en: string }

export interface Sample {
  readonly id: string
  readonly title: Words
  /** What there is to see. */
  readonly about: Words
  readonly from: string
  readonly to: readonly string[]
  readonly subject: Words
  readonly text: Words
  /** Made up in the window: a name and so many bytes. */
  readonly files?: readonly { readonly name: string; readonly type: string; readonly size: number }[]
}

export const SAMPLES: readonly Sample[] = [
  {
    id: 'four-ways',
    title: { de: 'Ein Protokoll, vier Empfänger', en: 'Minutes for four recipients' },
    about: {
      de: 'Wählen Sie „Vertraulich“: S/MIME, OpenPGP, PDF und Portal nebeneinander.',
      en: 'Choose “Confidential”: S/MIME, OpenPGP, PDF and portal side by side.',
    },
    from: 'leitstelle@demo.example',
    to: ['cert@partner.example', 'pgp@partner.example', 'phone@partner.example', 'nothing@partner.example'],
    subject: { de: 'Protokoll der Vorstandssitzung', en: 'Minutes of the board meeting' },
    text: {
      de: 'Guten Tag,\n\nanbei das Protokoll der Sitzung vom Montag. Bitte behandeln Sie es vertraulich.\n\n1. Haushalt 2027\n2. Umspannwerk Nord\n\nMit freundlichen Grüßen\nLeitstelle',
      en: 'Hello,\n\nplease find the minutes of Monday’s meeting attached. They are confidential.\n\n1. Budget 2027\n2. Umspannwerk Nord\n\nKind regards\nControl centre',
    },
    files: [{ name: 'Minutes.txt', type: 'text/plain', size: 2400 }],
  },
  {
    id: 'customer',
    title: { de: 'Angebot an eine Familie', en: 'An offer for a family' },
    about: { de: 'Geht ohne jede Wahl ins Portal.', en: 'Goes to the portal without any choice.' },
    from: 'v.kern@demo.example',
    to: ['familie.berger@privat.example'],
    subject: { de: 'Ihr Angebot 2026-4711', en: 'Your offer 2026-4711' },
    text: {
      de: 'Liebe Familie Berger,\n\nanbei unser Angebot. Sie können direkt antworten.\n\nViktor Kern',
      en: 'Dear family Berger,\n\nplease find our offer attached. You can answer directly.\n\nViktor Kern',
    },
    files: [{ name: 'Angebot 2026-4711.txt', type: 'text/plain', size: 1800 }],
  },
  {
    id: 'large-file',
    title: { de: 'Große Datei an einen Lieferanten', en: 'A large file for a supplier' },
    about: { de: '32 MB gehen als Link mit zweitem Faktor.', en: '32 MB travel as a link with a second factor.' },
    from: 'e.lang@demo.example',
    to: ['design@supplier.example'],
    subject: { de: 'Turbinenschaufel, Revision C', en: 'Turbine blade, revision C' },
    text: {
      de: 'Hallo,\n\nanbei das neue Modell.\n\nEva Lang',
      en: 'Hello,\n\nplease find the new model attached.\n\nEva Lang',
    },
    files: [{ name: 'blade-rev-c.step', type: 'model/step', size: 32_000_000 }],
  },
  {
    id: 'competitor',
    title: { de: 'Nachricht an einen Wettbewerber', en: 'A mail to a competitor' },
    about: { de: 'Outlook hält sie vor dem Senden auf.', en: 'Outlook stops it before it is sent.' },
    from: 'v.kern@demo.example',
    to: ['m.hart@rival.example'],
    subject: { de: 'Treffen auf der Messe', en: 'Meeting at the fair' },
    text: {
      de: 'Guten Tag Herr Hart,\n\nsehen wir uns am Dienstag auf der Messe?\n\nViktor Kern',
      en: 'Dear Mr Hart,\n\nshall we meet at the fair on Tuesday?\n\nViktor Kern',
    },
  },
  {
    id: 'look-alike',
    title: { de: 'Eine Adresse, die nur so aussieht', en: 'An address that only looks right' },
    about: { de: 'Outlook fragt nach: supp1ier ist nicht supplier.', en: 'Outlook asks: supp1ier is not supplier.' },
    from: 'e.lang@demo.example',
    to: ['design@supp1ier.example'],
    subject: { de: 'Termin am Freitag', en: 'Friday’s meeting' },
    text: {
      de: 'Hallo,\n\npasst Freitag, 10 Uhr?\n\nEva Lang',
      en: 'Hello,\n\ndoes Friday at 10 suit you?\n\nEva Lang',
    },
  },
  {
    id: 'signed-inbound',
    title: { de: 'Signierte Post von einem Partner', en: 'Signed mail from a partner' },
    about: {
      de: 'Senden, das Postfach der Leitstelle öffnen, dann „Schutz“: die geprüfte Unterschrift.',
      en: 'Send it, open the control centre’s mailbox, then “Protection”: the verified signature.',
    },
    from: 'cert@partner.example',
    to: ['leitstelle@demo.example'],
    subject: { de: 'Messwerte der Woche', en: 'This week’s readings' },
    text: {
      de: 'Guten Tag,\n\nanbei die Messwerte. Diese Nachricht ist mit S/MIME signiert.\n\nPartner AG',
      en: 'Hello,\n\nplease find the readings attached. This message is signed with S/MIME.\n\nPartner AG',
    },
    files: [{ name: 'Readings.txt', type: 'text/plain', size: 1200 }],
  },
]
