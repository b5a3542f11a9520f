/** Facts in comparable form, read and normalised once however many rules ask for them. */
import type { PolicyInput, RecipientFacts } from '../domain/index.ts'
import type { TenantLabels } from './labels.ts'
import type { Fact, FieldDefinition, Scene } from './registry/field.ts'
import { types, type Value } from './registry/types.ts'

/** A normalised fact: undefined is unknown, null is known to be absent. */
export type Normalised = Value | readonly Value[] | null | undefined

/** A field as rules of one policy name it, with its place in the caches. */
export interface Slot {
  readonly index: number
  readonly field: FieldDefinition
  /** What stands for `*` in a family's name. */
  readonly rest: string
}

/** Filled as rules ask; shared by all recipients of a message. */
export interface MessageCache {
  readonly message: Normalised[]
  readonly files: Normalised[][]
}

export function messageCache(): MessageCache {
  return { message: [], files: [] }
}

/** One recipient's view of the input. */
export class Facts implements Scene {
  readonly input: PolicyInput
  readonly recipient: RecipientFacts
  readonly labels: TenantLabels
  readonly attachment = null
  readonly #shared: MessageCache
  readonly #own: Normalised[] = []

  constructor(input: PolicyInput, recipient: RecipientFacts, labels: TenantLabels, shared: MessageCache) {
    this.input = input
    this.recipient = recipient
    this.labels = labels
    this.#shared = shared
  }

  /** The value of a message, sender or recipient field. */
  value(slot: Slot): Normalised {
    const cache = slot.field.scope === 'recipient' ? this.#own : this.#shared.message
    if (!(slot.index in cache)) cache[slot.index] = normalise(slot.field, slot.field.read(this, slot.rest), this)
    return cache[slot.index]
  }

  /** The value of an attachment field for the attachment at `position`. */
  fileValue(slot: Slot, position: number): Normalised {
    let cache = this.#shared.files[position]
    if (!cache) {
      cache = []
      this.#shared.files[position] = cache
    }
    if (!(slot.index in cache)) {
      const scene: Scene = { ...this.scene(), attachment: this.input.attachments?.[position] ?? null }
      cache[slot.index] = normalise(slot.field, slot.field.read(scene, slot.rest), scene)
    }
    return cache[slot.index]
  }

  scene(): Scene {
    return { input: this.input, recipient: this.recipient, labels: this.labels, attachment: null }
  }
}

/** Brings a fact into the form of its field's type; what makes no sense is unknown. */
export function normalise(field: FieldDefinition, fact: Fact, scene: Scene): Normalised {
  if (fact === undefined || fact === null) return fact
  const type = types[field.type]
  if (typeof fact !== 'object') return type.normalise(fact, scene)
  const values = fact.map((one) => type.normalise(one, scene))
  return values.includes(undefined) ? undefined : (values as Value[])
}
