/** What `secflow queue` says, in both languages. Names that its options take (`ready`, `deliver`) stand for themselves. */
import type { OPEN_JOB_STATES, QueueAction, QueueJob, QueueLane } from '../shared/contract/index.ts'
import type { GermanTexts } from './german-help.ts'
import type { Language } from './language.ts'

interface QueueWords {
  readonly nothing: string
  readonly nobody: string
  readonly jobs: Readonly<
    Record<'job' | 'queue' | 'lane' | 'state' | 'age' | 'tries' | 'next' | 'to' | 'fault', string>
  >
  readonly lanes: Readonly<
    Record<'queue' | 'lane' | 'ready' | 'leased' | 'held' | 'dead' | 'oldest' | 'breaker', string>
  >
  readonly waiting: Readonly<
    Record<'message' | 'state' | 'since' | 'from' | 'to' | 'subject' | 'why' | 'approvers', string>
  >
  readonly one: Readonly<
    Record<'message' | 'recipients' | 'step' | 'made' | 'next' | 'tries' | 'crashes' | 'uncertain' | 'fault', string>
  >
  readonly states: Readonly<Record<QueueJob['state'], string>>
  readonly breaker: Readonly<Record<QueueLane['breaker'], string>>
  readonly anyOperator: string
  readonly no: string
  readonly now: string
  readonly opens: (when: string) => string
  readonly ago: (age: string) => string
  readonly in: (time: string) => string
  readonly attempts: (count: number) => string
  readonly done: Readonly<Record<QueueAction, string>>
  readonly faster: (count: number) => string
  readonly refused: (count: number) => string
  readonly which: string
  readonly many: (count: number) => string
}

export const queueWords: Readonly<Record<Language, QueueWords>> = {
  en: {
    nothing: 'Nothing waits.',
    nobody: 'Nobody waits.',
    jobs: {
      job: 'Job',
      queue: 'Queue',
      lane: 'Lane',
      state: 'State',
      age: 'Age',
      tries: 'Tries',
      next: 'Next',
      to: 'To',
      fault: 'Last fault',
    },
    lanes: {
      queue: 'Queue',
      lane: 'Lane',
      ready: 'Ready',
      leased: 'Running',
      held: 'Held',
      dead: 'Dead',
      oldest: 'Oldest',
      breaker: 'Way',
    },
    waiting: {
      message: 'Message',
      state: 'State',
      since: 'Since',
      from: 'From',
      to: 'To',
      subject: 'Subject',
      why: 'Why',
      approvers: 'Who may release',
    },
    one: {
      message: 'Message',
      recipients: 'Recipients',
      step: 'Step',
      made: 'Made',
      next: 'Next try',
      tries: 'Tries',
      crashes: 'Crashes',
      uncertain: 'May have arrived',
      fault: 'Last fault',
    },
    states: {
      ready: 'waits for its time or a free place',
      leased: 'a worker has it in hand',
      held: 'waits for a release',
      dead: 'given up, waits for an operator',
      done: 'at its end',
    },
    breaker: { closed: 'open', open: 'nobody there', 'half-open': 'being tried' },
    anyOperator: 'any operator',
    no: 'no',
    now: 'now',
    opens: (when) => `nobody there, asked again ${when}`,
    ago: (age) => `${age} ago`,
    in: (time) => `in ${time}`,
    attempts: (count) => `after ${count} of its attempts`,
    done: { hold: 'Held', release: 'Released', retry: 'To be tried now', drop: 'Dropped' },
    faster: (count) => `, tried or dropped meanwhile: ${count}`,
    refused: (count) => `, not possible: ${count}`,
    which: 'Say which jobs: either their ids or filters (--queue, --lane, --state, --message, --older-than).',
    many: (count) => `This concerns ${count} jobs. Look at them with "secflow queue list", then add --yes.`,
  },
  de: {
    nothing: 'Nichts wartet.',
    nobody: 'Niemand wartet.',
    jobs: {
      job: 'Auftrag',
      queue: 'Art',
      lane: 'Ziel',
      state: 'Zustand',
      age: 'Alter',
      tries: 'Versuche',
      next: 'Nächster',
      to: 'An',
      fault: 'Letzter Fehler',
    },
    lanes: {
      queue: 'Art',
      lane: 'Ziel',
      ready: 'Bereit',
      leased: 'In Arbeit',
      held: 'Angehalten',
      dead: 'Aufgegeben',
      oldest: 'Ältester',
      breaker: 'Weg',
    },
    waiting: {
      message: 'Nachricht',
      state: 'Zustand',
      since: 'Seit',
      from: 'Von',
      to: 'An',
      subject: 'Betreff',
      why: 'Grund',
      approvers: 'Freigabe durch',
    },
    one: {
      message: 'Nachricht',
      recipients: 'Empfänger',
      step: 'Schritt',
      made: 'Angelegt',
      next: 'Nächster Versuch',
      tries: 'Versuche',
      crashes: 'Abstürze',
      uncertain: 'Vielleicht schon angekommen',
      fault: 'Letzter Fehler',
    },
    states: {
      ready: 'wartet auf seine Zeit oder einen freien Platz',
      leased: 'ist in Arbeit',
      held: 'wartet auf die Freigabe',
      dead: 'aufgegeben, jemand muss entscheiden',
      done: 'beendet',
    },
    breaker: { closed: 'offen', open: 'niemand dort', 'half-open': 'wird erprobt' },
    anyOperator: 'alle Berechtigten',
    no: 'nein',
    now: 'jetzt',
    opens: (when) => `niemand dort, nächste Probe ${when}`,
    ago: (age) => `vor ${age}`,
    in: (time) => `in ${time}`,
    attempts: (count) => `nach ${count} der Versuche`,
    done: { hold: 'Angehalten', release: 'Freigegeben', retry: 'Jetzt zu versuchen', drop: 'Verworfen' },
    faster: (count) => `, inzwischen versucht oder verworfen: ${count}`,
    refused: (count) => `, nicht möglich: ${count}`,
    which:
      'Welche Aufträge? Entweder ihre Kennungen oder Filter (--queue, --lane, --state, --message, --older-than) nennen.',
    many: (count) => `Das betrifft ${count} Aufträge. Mit "secflow queue list" ansehen, dann --yes anfügen.`,
  },
}

/** A state as its option names it, and what it means. */
export const stateInWords = (state: (typeof OPEN_JOB_STATES)[number] | 'done', language: Language): string =>
  `${state} (${queueWords[language].states[state]})`

export const QUEUE_HELP = {
  'what waits in a gateway: look, hold, release, retry, drop':
    'was in einem Gateway wartet: ansehen, anhalten, freigeben, wiederholen, verwerfen',
  'jobs that are not done, the oldest first': 'Aufträge, die nicht erledigt sind, die ältesten zuerst',
  'destinations with what waits for each, and which are left alone because nobody answers there':
    'Ziele mit dem, was für sie wartet, und welche ruhen, weil dort niemand antwortet',
  'recipients that are held or quarantined until a person decides':
    'Empfänger, die angehalten oder in Quarantäne sind, bis jemand entscheidet',
  'one job': 'ein Auftrag',
  'id of the job': 'Kennung des Auftrags',
  'ids of jobs': 'Kennungen von Aufträgen',
  'nobody works on these jobs until they are released': 'niemand bearbeitet diese Aufträge, bis sie freigegeben sind',
  'jobs that were held go on; with --held, recipients that wait for a person are decided again':
    'angehaltene Aufträge gehen weiter; mit --held werden Empfänger, die auf jemanden warten, neu entschieden',
  'try again now, with a clean slate; also what was given up':
    'jetzt noch einmal versuchen, von vorn gezählt; auch was aufgegeben ist',
  'give up for good: the recipients end as dropped, the sender gets a report':
    'endgültig aufgeben: die Empfänger enden als verworfen, der Absender bekommt einen Bericht',
  'at most so many': 'höchstens so viele',
  'why; stands in the audit': 'warum; steht im Audit',
  'do it to all that the filters find': 'für alle, die die Filter finden',
  'recipients of this message that are held or quarantined':
    'Empfänger dieser Nachricht, die angehalten oder in Quarantäne sind',
  'only these of them': 'nur diese von ihnen',
  'the sender is not told': 'der Absender erfährt es nicht',
  'kind of work': 'Art der Arbeit',
  'destination: a route, a domain or a service': 'Ziel: eine Route, eine Domain oder ein Dienst',
  'state of the job': 'Zustand des Auftrags',
  'jobs of this message': 'Aufträge dieser Nachricht',
  'made that long ago or longer: 90s, 15m, 4h, 2d': 'so lange her oder länger: 90s, 15m, 4h, 2d',
  'access token with queue:read, and queue:act to change anything (default: SECFLOW_TOKEN)':
    'Zugriffstoken mit queue:read, und queue:act, um etwas zu ändern (Vorgabe: SECFLOW_TOKEN)',
} as const satisfies GermanTexts
