/** Facts in comparable form, read and normalised once however many rules ask for them. */
import type { PolicyInput, RecipientFacts } from '../domain/index.ts'
import type { Contributed } from './evaluate/plan.ts'
import type { TenantLabels } from './labels.ts'
import { type ListCopies, NO_LISTS } from './list-source.ts'
import type { Fact, FieldDefinition, Scene } from './registry/field.ts'
import { type TypeDefinition, types, type Value } from './registry/types.ts'
import type { Truth } from './truth.ts'

/** A normalised fact: undefined is unknown, null is known to be absent. */
export type Normalised = Value | readonly Value[] | null | undefined

/** A field as rules of one policy name it, with its place in the caches. */
export interface Slot {
  readonly index: number
  readonly field: FieldDefinition
  readonly type: TypeDefinition
  /** Whether its value can differ between recipients. */
  readonly ofRecipient: boolean
  /** What stands for `*` in a family's name. */
  readonly rest: string
}

/** What stands in a cache for a fact that was read and is unknown; an empty place was not read yet. */
const UNKNOWN = Symbol('unknown')
type Cached = Exclude<Normalised, undefined> | typeof UNKNOWN

/** Answers of costly tests by their number. */
export type Answers = Map<number, Truth>

/** Filled as rules ask; shared by all recipients of a message. Many a mail needs few of these. */
export class MessageCache {
  readonly message: Cached[] = []
  /** By slot, then by attachment. */
  readonly files: Cached[][] = []
  /** What fields of an attachment read from. */
  readonly scenes: Scene[] = []
  /** What the index of rules found out about the message; kept by the index. */
  matching: object | null = null
  readonly lists: ListCopies
  #answers: Answers | undefined
  #picked: Map<object, readonly number[]> | undefined
  #brought: Map<object, readonly Contributed[] | undefined> | undefined

  constructor(lists: ListCopies) {
    this.lists = lists
  }

  get answers(): Answers {
    this.#answers ??= new Map()
    return this.#answers
  }

  /** `AttachmentFacts.index` of the files that a selector picks, by its compiled form: recipients have the same files. */
  get picked(): Map<object, readonly number[]> {
    this.#picked ??= new Map()
    return this.#picked
  }

  /** What actions bring to plans, by their use, where that is the same for all recipients. */
  get brought(): Map<object, readonly Contributed[] | undefined> {
    this.#brought ??= new Map()
    return this.#brought
  }
}

/** `lists`: copies of lists from outside; without one the list is unknown. */
export function messageCache(lists: ListCopies = NO_LISTS): MessageCache {
  return new MessageCache(lists)
}

/** One recipient's view of the input. */
export class Facts implements Scene {
  readonly input: PolicyInput
  readonly recipient: RecipientFacts
  readonly labels: TenantLabels
  readonly attachment = null
  /** A getter: most mails meet no list from outside. */
  get lists(): ListCopies {
    return this.shared.lists
  }
  readonly shared: MessageCache
  /** Answers of costly tests on this recipient. */
  get answers(): Answers {
    this.#answers ??= new Map()
    return this.#answers
  }

  readonly #own: Cached[] = []
  #answers: Answers | undefined

  constructor(input: PolicyInput, recipient: RecipientFacts, labels: TenantLabels, shared: MessageCache) {
    this.input = input
    this.recipient = recipient
    this.labels = labels
    this.shared = shared
  }

  /** The value of a message, sender or recipient field. */
  value(slot: Slot): Normalised {
    const cache = slot.ofRecipient ? this.#own : this.shared.message
    const known = cache[slot.index]
    if (known !== undefined) return known === UNKNOWN ? undefined : known
    const fact = slot.field.read(this, slot.rest)
    const value = fact === undefined || fact === null ? fact : comparable(slot.type, fact, this)
    cache[slot.index] = value === undefined ? UNKNOWN : value
    return value
  }

  /** The value of an attachment field for the attachment at `position`. */
  fileValue(slot: Slot, position: number): Normalised {
    let cache = this.shared.files[slot.index]
    if (!cache) {
      cache = new Array<Cached>(this.input.attachments?.length ?? 0)
      this.shared.files[slot.index] = cache
    }
    const known = cache[position]
    if (known !== undefined) return known === UNKNOWN ? undefined : known
    const { scenes } = this.shared
    const scene = scenes[position] ?? this.fileScene(position)
    scenes[position] = scene
    const fact = slot.field.read(scene, slot.rest)
    const value = fact === undefined || fact === null ? fact : comparable(slot.type, fact, scene)
    cache[position] = value === undefined ? UNKNOWN : value
    return value
  }

  /** What fields of the attachment at `position` read from. */
  fileScene(position: number): Scene {
    const { input, recipient, labels, lists } = this
    return { input, recipient, labels, lists, attachment: input.attachments?.[position] ?? null }
  }

  scene(): Scene {
    return { input: this.input, recipient: this.recipient, labels: this.labels, attachment: null }
  }
}

/** Brings a fact into the form of its field's type; what makes no sense is unknown. */
export function normalise(field: FieldDefinition, fact: Fact, scene: Scene): Normalised {
  if (fact === undefined || fact === null) return fact
  return comparable(types[field.type], fact, scene)
}

function comparable(type: TypeDefinition, fact: NonNullable<Fact>, scene: Scene): Normalised {
  if (typeof fact !== 'object') return type.normalise(fact, scene)
  if (fact.length === 1) {
    const only = type.normalise(fact[0]!, scene)
    return only === undefined ? undefined : [only]
  }
  const values = fact.map((one) => type.normalise(one, scene))
  return values.includes(undefined) ? undefined : (values as Value[])
}
