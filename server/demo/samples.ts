/** Drafts that the simulator offers: one for each thing the gateway does. */
export interface Sample {
  readonly id: string
  readonly title: { readonly de: string; readonly en: string }
  readonly from: string
  readonly to: readonly string[]
  readonly cc?: readonly string[]
  readonly subject: string
  readonly text: string
  /** Made up in the window: a name and so many bytes. */
  readonly files?: readonly { readonly name: string; readonly type: string; readonly size: number }[]
}

export const SAMPLES: readonly Sample[] = [
  {
    id: 'four-ways',
    title: { de: 'Ein Protokoll, vier Empfänger', en: 'Minutes for four recipients' },
    from: 'leitstelle@demo.example',
    to: ['cert@partner.example', 'pgp@partner.example', 'phone@partner.example', 'nothing@partner.example'],
    subject: 'Protokoll der Vorstandssitzung',
    text: 'Guten Tag,\n\nanbei das Protokoll der Sitzung vom Montag. Bitte behandeln Sie es vertraulich.\n\n1. Haushalt 2027\n2. Umspannwerk Nord\n\nMit freundlichen Grüßen\nLeitstelle',
    files: [{ name: 'Protokoll.txt', type: 'text/plain', size: 2400 }],
  },
  {
    id: 'large-file',
    title: { de: 'Große Datei an einen Lieferanten', en: 'A large file for a supplier' },
    from: 'e.lang@demo.example',
    to: ['design@supplier.example'],
    subject: 'Turbine blade, revision C',
    text: 'Hello,\n\nplease find the new model attached.\n\nEva Lang',
    files: [{ name: 'blade-rev-c.step', type: 'model/step', size: 22_000_000 }],
  },
  {
    id: 'customer',
    title: { de: 'Angebot an eine Familie', en: 'An offer for a family' },
    from: 'v.kern@demo.example',
    to: ['familie.berger@privat.example'],
    subject: 'Ihr Angebot 2026-4711',
    text: 'Liebe Familie Berger,\n\nanbei unser Angebot. Sie können direkt antworten.\n\nViktor Kern',
    files: [{ name: 'Angebot 2026-4711.txt', type: 'text/plain', size: 1800 }],
  },
  {
    id: 'colleague',
    title: { de: 'Nachricht an eine Kollegin', en: 'A note to a colleague' },
    from: 'leitstelle@demo.example',
    to: ['e.lang@demo.example'],
    subject: 'Mittagessen',
    text: 'Hallo Eva,\n\n12 Uhr in der Kantine?\n\nViele Grüße',
  },
]
