/** Which of a rule's keys it is filed under: those that the fewest mails have. */
import type { Slot } from '../facts.ts'
import type { Access, Keys } from './access.ts'

/** Distinct keys a field is taken to have at least, so that the only rule on a field does not look like a common one. */
const LEAST = 8
/** With so many values every single one is rare enough; more need not be told apart. */
const ENOUGH = 2000
/** Reached by that share of all mails, a rule is as well tried on every one. */
const COMMON = 1

/** Counts the distinct keys of every field, of which more mean that each is rarer. */
export class KeyStatistics {
  readonly #seen = new Map<number, Set<unknown>>()
  /** Share of mails that have one key of a field, by its slot. */
  readonly #rarity: Rarity[] = []

  add({ slot, keys }: Keys): void {
    let seen = this.#seen.get(slot.index)
    if (!seen) {
      seen = new Set()
      this.#seen.set(slot.index, seen)
    }
    if (seen.size >= ENOUGH) return
    for (let i = 0; i < keys.length; i++) {
      const { values } = keys[i]!
      for (let k = 0; k < values.length; k++) seen.add(values[k])
    }
  }

  /** Roughly how many values a field can have. */
  distinct({ index, field }: Slot): number {
    return Math.max(this.#seen.get(index)?.size ?? 1, field.values?.length ?? LEAST)
  }

  /** The best keys, all of them needed, or null when every mail would meet them. */
  choose(access: Access): Keys | readonly Keys[] | null {
    const best = this.#best(access)
    if (this.#shareOf(best) >= COMMON) return null
    return best.of === 'keys' ? best : this.#needed(best)
  }

  /** The way that the fewest mails go. */
  #best(access: Access): Access {
    if (access.of !== 'all') return access
    let best = access.parts[0]!
    let least = this.#shareOf(best)
    for (let i = 1; i < access.parts.length; i++) {
      const share = this.#shareOf(access.parts[i]!)
      if (share >= least) continue
      best = access.parts[i]!
      least = share
    }
    return this.#best(best)
  }

  #needed(access: Access): readonly Keys[] {
    const best = this.#best(access)
    return best.of === 'keys' ? [best] : best.parts.flatMap((part) => this.#needed(part))
  }

  /** Roughly the share of mails that have one of the keys. */
  #shareOf(access: Access): number {
    if (access.of === 'keys') return this.#share(access)
    const shares = access.parts.map((part) => this.#shareOf(part))
    return access.of === 'all' ? Math.min(...shares) : shares.reduce((sum, share) => sum + share, 0)
  }

  #share({ slot, keys, count }: Keys): number {
    const rarity = this.#rarity[slot.index] ?? this.#rarityOf(slot)
    return count * (keys[0]?.kind === 'text' ? rarity.text : rarity.value)
  }

  /** A mail has several attachments, groups and words, each a chance to meet a key. */
  #rarityOf(slot: Slot): Rarity {
    const { values, scope, type } = slot.field
    const distinct = Math.max(this.#seen.get(slot.index)?.size ?? 1, values?.length ?? LEAST, values ? 1 : LEAST)
    const several = scope === 'attachment' || type === 'list' || type === 'header'
    const rarity = { value: (several ? 3 : 1) / distinct, text: (several ? 3 : 4) / distinct }
    this.#rarity[slot.index] = rarity
    return rarity
  }
}

interface Rarity {
  readonly value: number
  readonly text: number
}
