import { type AuthenticationFacts, type OpenedFacts, type PolicyInput, VERDICT_STATES } from '../../../domain/index.ts'
import { effectiveClass } from '../../labels.ts'
import { TOKENS } from '../../vocabulary-texts.ts'
import type { FieldDefinition } from '../field.ts'

const CONTENT = [
  'plain',
  'smime-signed',
  'smime-encrypted',
  'pgp-signed',
  'pgp-encrypted',
  'calendar',
  'tnef',
  'report',
]
const DIRECTIONS = ['outbound', 'inbound', 'internal']

function authentication(
  { message: { auth } }: PolicyInput,
  what: keyof AuthenticationFacts,
): AuthenticationFacts[typeof what] | undefined {
  return auth ? auth[what] : auth
}

function openedFact({ message: { opened } }: PolicyInput, what: keyof OpenedFacts): string | null | undefined {
  return opened ? opened[what] : opened
}

export const messageFields: readonly FieldDefinition[] = [
  {
    name: 'message.direction',
    type: 'enum',
    values: DIRECTIONS,
    // Rules for outbound mail skip internal recipients of a mixed mail, hence its value differs per recipient.
    scope: 'recipient',
    doc: {
      de: 'inbound: der Absender ist fremd; internal: alle Empfänger sind eigene; sonst outbound (gilt dann nicht für interne Empfänger)',
      en: 'inbound: the sender is a stranger; internal: all recipients are ours; else outbound (then not for internal recipients)',
    },
    read({ input, recipient }) {
      const mixed = input.message.direction === 'outbound' && !recipient.external
      return mixed ? null : input.message.direction
    },
  },
  {
    name: 'message.subject',
    type: 'string',
    scope: 'message',
    doc: { de: 'Betreff, dekodiert', en: 'subject, decoded' },
    // Where several stand in the header, readers differ in which they show: each counts.
    read: ({ input: { message } }) =>
      (message.header.subject?.length ?? 0) > 1 ? message.header.subject : message.subject,
  },
  {
    name: 'message.classification',
    type: 'label',
    scope: 'message',
    doc: {
      de: 'Datenklasse; eine unbekannte zählt als die höchste, eine Antwort hat mindestens die der beantworteten Mail',
      en: 'data class; an unknown one counts as the highest, an answer has at least that of what it answers',
    },
    read: ({ input, labels }) => effectiveClass(input.message, labels),
  },
  {
    name: 'message.replyTo.classification',
    type: 'label',
    scope: 'message',
    doc: {
      de: 'Datenklasse der Mail, auf die geantwortet wird; die Antwort hat mindestens diese',
      en: 'data class of the mail that is answered; the answer has at least that one',
    },
    read: ({ input }) => (input.message.replyTo ? input.message.replyTo.classification : input.message.replyTo),
  },
  {
    name: 'message.protection',
    type: 'list',
    scope: 'message',
    doc: {
      de: `Was der Absender gewünscht hat: ${TOKENS.join(', ')}`,
      en: `What the sender asked for: ${TOKENS.join(', ')}`,
    },
    read: ({ input }) => input.intent.protection.map((wish) => wish.token),
  },
  {
    name: 'message.size',
    type: 'size',
    scope: 'message',
    doc: { de: 'Größe der ganzen Nachricht', en: 'size of the whole message' },
    read: ({ input }) => input.message.size,
  },
  {
    name: 'message.time',
    type: 'time',
    scope: 'message',
    doc: { de: 'Zeitpunkt des Empfangs', en: 'time of receipt' },
    read: ({ input }) => input.time,
  },
  {
    name: 'message.header.*',
    type: 'header',
    scope: 'message',
    doc: {
      de: 'Werte einer Kopfzeile (message.header.x-case); eine fehlende ist bekannt abwesend',
      en: 'values of a header (message.header.x-case); an absent one is known to be absent',
    },
    read: ({ input }, rest) => (Object.hasOwn(input.message.header, rest) ? (input.message.header[rest] ?? []) : []),
  },
  {
    name: 'message.authenticated',
    type: 'boolean',
    scope: 'message',
    doc: { de: 'angemeldete Einlieferung', en: 'authenticated submission' },
    read: ({ input }) => input.message.authenticated,
  },
  {
    name: 'message.authentication',
    type: 'enum',
    values: ['none', 'auth', 'client-certificate', 'relay', 'token', 'operator'],
    scope: 'message',
    doc: { de: 'was für den Absender bürgt', en: 'what vouches for the sender' },
    read: ({ input }) => input.message.authentication,
  },
  {
    name: 'message.auth.spf',
    type: 'enum',
    values: ['pass', 'fail', 'softfail', 'neutral', 'none', 'temperror', 'permerror'],
    scope: 'message',
    lookup: 'auth',
    doc: {
      de: 'SPF: darf der einliefernde Server für die Domain des Umschlags senden (temperror: DNS antwortet nicht)',
      en: "SPF: may the sending server send for the envelope's domain (temperror: the DNS does not answer)",
    },
    read: ({ input }) => authentication(input, 'spf'),
  },
  {
    name: 'message.auth.dkim',
    type: 'enum',
    values: ['pass', 'fail', 'neutral', 'none', 'policy', 'temperror', 'permerror'],
    scope: 'message',
    lookup: 'auth',
    doc: { de: 'beste DKIM-Signatur der Mail', en: 'best DKIM signature of the mail' },
    read: ({ input }) => authentication(input, 'dkim'),
  },
  {
    name: 'message.auth.dkimDomains',
    type: 'list',
    scope: 'message',
    lookup: 'auth',
    doc: { de: 'Domains mit gültiger DKIM-Signatur', en: 'domains with a good DKIM signature' },
    read: ({ input }) => authentication(input, 'dkimDomains'),
  },
  {
    name: 'message.auth.dmarc',
    type: 'enum',
    values: ['pass', 'fail', 'none', 'temperror', 'permerror'],
    scope: 'message',
    lookup: 'auth',
    doc: {
      de: 'DMARC: SPF oder DKIM bürgt für die Domain im From (none: sie hat keine Richtlinie)',
      en: 'DMARC: SPF or DKIM vouches for the domain in From (none: it has no policy)',
    },
    read: ({ input }) => authentication(input, 'dmarc'),
  },
  {
    name: 'message.auth.dmarcPolicy',
    type: 'enum',
    values: ['none', 'quarantine', 'reject'],
    scope: 'message',
    lookup: 'auth',
    doc: {
      de: 'was die Domain im From für Mails verlangt, die DMARC nicht bestehen',
      en: 'what the domain in From asks to be done with mail that fails DMARC',
    },
    read: ({ input }) => authentication(input, 'dmarcPolicy'),
  },
  {
    name: 'message.auth.arc',
    type: 'enum',
    values: ['pass', 'fail', 'none', 'temperror'],
    scope: 'message',
    lookup: 'auth',
    doc: { de: 'ARC-Kette weitergeleiteter Mail', en: 'ARC chain of forwarded mail' },
    read: ({ input }) => authentication(input, 'arc'),
  },
  {
    name: 'message.auth.arcSealer',
    type: 'domain',
    scope: 'message',
    lookup: 'auth',
    doc: { de: 'wer die gültige ARC-Kette zuletzt versiegelt hat', en: 'who sealed the good ARC chain last' },
    read: ({ input }) => authentication(input, 'arcSealer'),
  },
  {
    name: 'message.opened.verdict',
    type: 'enum',
    values: VERDICT_STATES,
    scope: 'message',
    doc: {
      de: 'was Signatur und Verschlüsselung einer fremden Mail ergeben haben: so schlecht wie die schlechteste Schicht; good nur, wenn alles vom Absender im From signiert ist; eigene Mail hat keines',
      en: "what signature and encryption of a stranger's mail came to: as bad as the worst layer; good only where all of it is signed by the sender in From; mail of our own has none",
    },
    read: ({ input }) => openedFact(input, 'verdict'),
  },
  {
    name: 'message.opened.signer',
    type: 'address',
    scope: 'message',
    doc: { de: 'wessen Signatur gültig ist', en: 'whose signature is good' },
    read: ({ input }) => openedFact(input, 'signer'),
  },
  {
    name: 'message.opened.encryption',
    type: 'enum',
    values: ['none', 'decrypted', 'no-integrity', 'closed'],
    scope: 'message',
    doc: {
      de: 'ob verschlüsselt war und ob es geöffnet wurde (no-integrity: nichts beweist die Unversehrtheit; closed: Regeln sehen den Inhalt nicht)',
      en: 'whether it was encrypted and was opened (no-integrity: nothing proves that it is unaltered; closed: rules do not see the content)',
    },
    read: ({ input }) => openedFact(input, 'encryption'),
  },
  {
    name: 'message.opened.damage',
    type: 'enum',
    values: ['mailing-list', 'forwarding'],
    scope: 'message',
    doc: {
      de: 'was eine Signatur unterwegs beschädigt haben kann',
      en: 'what may have damaged a signature on its way',
    },
    read: ({ input }) => openedFact(input, 'damage'),
  },
  {
    name: 'message.intentSource',
    type: 'enum',
    values: ['none', 'header', 'stamp', 'api', 'subject', 'foreign'],
    scope: 'message',
    doc: {
      de: 'wie der Wunsch des Absenders kam (stamp: vom Dienst signiert)',
      en: "how the sender's wish came (stamp: signed by the service)",
    },
    read: ({ input }) => input.intent.source,
  },
  {
    name: 'message.reason',
    type: 'string',
    scope: 'message',
    doc: { de: 'Begründung des Absenders', en: 'reason the sender gave' },
    read: ({ input }) => input.intent.reason ?? null,
  },
  {
    name: 'recipients.count',
    type: 'count',
    scope: 'message',
    doc: { de: 'Zahl aller Empfänger', en: 'number of all recipients' },
    read: ({ input }) => input.recipients.length,
  },
  {
    name: 'recipients.external',
    type: 'count',
    scope: 'message',
    doc: { de: 'Zahl der fremden Empfänger', en: 'number of recipients that are not ours' },
    read: ({ input }) => input.recipients.filter((recipient) => recipient.external).length,
  },
  {
    name: 'message.source',
    type: 'enum',
    values: ['smtp', 'api', 'cli', 'portal', 'internal'],
    scope: 'message',
    doc: { de: 'Weg, auf dem die Mail kam', en: 'way by which the mail came' },
    read: ({ input }) => input.message.source,
  },
  {
    name: 'message.language',
    type: 'string',
    scope: 'message',
    doc: { de: 'Sprache des Textes (BCP 47)', en: 'language of the body (BCP 47)' },
    read: ({ input }) => input.message.language,
  },
  {
    name: 'message.body',
    type: 'string',
    scope: 'message',
    doc: { de: 'Text der Nachricht', en: 'text of the body' },
    atLeast: ({ input }) => input.message.bodyCut === true,
    read: ({ input }) => input.message.bodyText,
  },
  {
    name: 'message.content',
    type: 'enum',
    values: CONTENT,
    scope: 'message',
    doc: {
      de: 'Art des Inhalts (schon signiert, verschlüsselt, Kalender ...)',
      en: 'kind of content (signed or encrypted already, calendar ...)',
    },
    read: ({ input }) => input.message.content,
  },
  {
    name: 'message.autoSubmitted',
    type: 'boolean',
    scope: 'message',
    doc: { de: 'automatisch erzeugt (RFC 3834)', en: 'auto-submitted (RFC 3834)' },
    read: ({ input }) => input.message.autoSubmitted,
  },
  {
    name: 'message.defects',
    type: 'list',
    scope: 'message',
    doc: { de: 'Mängel des Aufbaus', en: 'defects of the structure' },
    read: ({ input }) => input.message.defects,
  },
]
