/**
 * A small mail that lies in a box. Best effort: a fact for each field the box narrows, each tried against the real tests,
 * everything else as in an everyday mail. Null when none was found, which proves nothing.
 */
import type { AttachmentFacts, PolicyInput, RecipientFacts } from '../../domain/index.ts'
import { compileSelector, type FilePredicate, Slots } from '../compile.ts'
import { Facts, messageCache, type Normalised, normalise } from '../facts.ts'
import type { Condition } from '../ir.ts'
import type { TenantLabels } from '../labels.ts'
import { restOf } from '../registry/conditions.ts'
import { not } from '../truth.ts'
import type { Boxes } from './boxes.ts'
import { candidates, type Wanted } from './candidates.ts'
import { type Box, T } from './form.ts'
import { copyOf, everyday, type Mail, mailOf, writeFile, writeMail } from './mail.ts'
import type { Dimension } from './universe.ts'

/** `ours`: a domain of the tenant; `time`: when the mail arrives. */
export interface Setting {
  readonly ours: string
  readonly time?: string
}

export function mailIn(boxes: Boxes, box: Box, setting: Setting): PolicyInput | null {
  const { universe } = boxes
  const draft = everyday(universe.labels, setting)
  const groups = groupsOf(boxes, box)
  // Who writes to whom comes first: addresses, domains and directions follow from it.
  const order = ['sender.ours', 'recipient.external']
  const sorted = [...groups].sort(([a], [b]) => order.indexOf(b) - order.indexOf(a))
  for (const [group, wanted] of sorted) {
    if (group === 'attachment any') continue
    if (!choose(boxes, draft, wanted)) return null
  }
  const files = groups.get('attachment any')
  if (files && !attach(boxes, draft, files)) return null
  settleTotals(boxes, draft, groups)
  const made = mailOf(draft)
  return inside(boxes, box, made) ? made : null
}

/** Whether the facts of a mail's first recipient lie in the box, and the mail is one the gateway could make. */
export function inside(boxes: Boxes, box: Box, input: PolicyInput): boolean {
  const { universe } = boxes
  const recipient = input.recipients[0]
  if (!recipient || !consistent(input, recipient)) return false
  const facts = new Facts(input, recipient, universe.labels, messageCache())
  const picks = pickers()
  return [...box].every(([index, set]) => {
    const dimension = universe.dimensions[index]!
    return (
      dimension.field?.scope === 'attachment' || (set & (1n << BigInt(universe.region(dimension, facts, picks)))) !== 0n
    )
  })
}

/** Whether a mail's first recipient lies in one of the boxes. */
export function insideOne(boxes: Boxes, list: readonly Box[], input: PolicyInput): boolean {
  return list.some((box) => inside(boxes, box, input))
}

/** Directions, addresses and domains of a mail's facts go together as the gateway makes them. */
export function consistent({ sender, message, recipients }: PolicyInput, recipient: RecipientFacts): boolean {
  const direction = !sender.ours ? 'inbound' : recipients.every((one) => !one.external) ? 'internal' : 'outbound'
  const own = !sender.ours ? 'inbound' : recipient.external ? 'outbound' : 'internal'
  return (
    message.direction === direction &&
    recipient.direction === own &&
    sender.address.endsWith(`@${sender.domain}`) &&
    recipient.address.endsWith(`@${recipient.domain}`)
  )
}

/** What a box asks of each field: every dimension with the regions it allows. */
function groupsOf(boxes: Boxes, box: Box): Map<string, Wanted[]> {
  const groups = new Map<string, Wanted[]>()
  for (const [index, set] of box) {
    const dimension = boxes.universe.dimensions[index]!
    if (dimension.field?.scope === 'attachment' || set === boxes.free(index)) continue
    const key = dimension.field ? dimension.name : dimension.group
    const group = groups.get(key)
    if (group) group.push({ dimension, set })
    else groups.set(key, [{ dimension, set }])
  }
  return groups
}

/** Writes the first candidate that all of a field's tests accept. */
function choose(boxes: Boxes, draft: Mail, wanted: readonly Wanted[]): boolean {
  const { name } = wanted[0]!.dimension
  // Follows from the other facts and is looked at in the end; sums are settled with the files.
  if (['message.direction', 'recipient.direction', 'attachments.totalSize', 'attachments.count'].includes(name)) {
    if (name === 'message.direction' && wanted.every(({ set }) => (set & 2n) === set)) draft.mixed = true
    return true
  }
  const field = wanted[0]!.dimension.field!
  for (const candidate of candidates(field, wanted, draft, false)) {
    const before = copyOf(draft)
    if (!writeMail(draft, name, candidate)) return false
    if (accepted(boxes, draft, wanted)) return true
    Object.assign(draft, before)
  }
  return false
}

function accepted(boxes: Boxes, draft: Mail, wanted: readonly Wanted[]): boolean {
  const input = mailOf(draft)
  const facts = new Facts(input, input.recipients[0]!, boxes.universe.labels, messageCache())
  return wanted.every(({ dimension, set }) => {
    const field = dimension.field!
    const fact: Normalised = normalise(field, field.read(facts, restOf(field, dimension.name)), facts)
    return (set & (1n << BigInt(boxes.universe.regionOf(dimension, fact, facts)))) !== 0n
  })
}

/** Files for every selector that some attachment must meet; unknown where that is asked. */
function attach(boxes: Boxes, draft: Mail, wanted: readonly Wanted[]): boolean {
  const hidden = wanted.filter(({ set }) => (set & 0b1100n) === 0n)
  if (hidden.length > 0) draft.attachments = undefined
  if (hidden.length === wanted.length) return true
  if (hidden.length > 0) return false
  for (const { dimension, set } of wanted) {
    if ((set & 0b1001n) !== 0n) continue
    const file = fileIn(boxes, dimension, draft.attachments?.length ?? 0, wanted, draft)
    if (file === null) return false
    draft.attachments = [...(draft.attachments ?? []), file]
  }
  return true
}

/** A file that meets the selector, and none of those that no file may meet. */
function fileIn(
  boxes: Boxes,
  dimension: Dimension,
  index: number,
  wanted: readonly Wanted[],
  draft: Mail,
): AttachmentFacts | null {
  const picks = pickers()
  const refused = wanted.filter(({ set }) => (set & 0b0100n) === 0n).map((one) => picks(one.dimension.fileCondition!))
  for (const term of boxes.terms(dimension.file!, T) ?? []) {
    const file = { ...everydayFile(index) }
    const fits = [...groupsOfFile(boxes, term)].every(([, group]) =>
      candidates(group[0]!.dimension.field!, group, draft, true).some((candidate) => {
        const before = { ...file }
        if (writeFile(file, group[0]!.dimension.name, candidate) && fileAccepted(boxes, draft, file, group)) return true
        Object.assign(file, before)
        return false
      }),
    )
    if (!fits) continue
    const facts = factsWith(boxes.universe.labels, draft, file)
    if (refused.every((refuses) => refuses(facts, 0) === false)) return file
  }
  return null
}

function groupsOfFile(boxes: Boxes, term: Box): Map<string, Wanted[]> {
  const groups = new Map<string, Wanted[]>()
  for (const [index, set] of term) {
    const dimension = boxes.universe.dimensions[index]!
    groups.set(dimension.name, [...(groups.get(dimension.name) ?? []), { dimension, set }])
  }
  return groups
}

function factsWith(labels: TenantLabels, draft: Mail, file: AttachmentFacts): Facts {
  const input = mailOf({ ...draft, attachments: [file] })
  return new Facts(input, input.recipients[0]!, labels, messageCache())
}

function fileAccepted(boxes: Boxes, draft: Mail, file: AttachmentFacts, wanted: readonly Wanted[]): boolean {
  const scene = { ...factsWith(boxes.universe.labels, draft, file).scene(), attachment: file }
  return wanted.every(({ dimension, set }) => {
    const field = dimension.field!
    const fact = normalise(field, field.read(scene, restOf(field, dimension.name)), scene)
    return (set & (1n << BigInt(boxes.universe.regionOf(dimension, fact, scene)))) !== 0n
  })
}

function everydayFile(index: number): AttachmentFacts {
  return {
    index,
    name: `file${index}.txt`,
    extension: 'txt',
    type: 'txt',
    declaredType: 'text/plain',
    mismatch: false,
    size: 1000,
    encrypted: false,
    macro: false,
    archiveDepth: 0,
  }
}

/** Sums of sizes and counts are met by making the last file larger or adding plain ones. */
function settleTotals(boxes: Boxes, draft: Mail, groups: ReadonlyMap<string, readonly Wanted[]>): void {
  const sizes = groups.get('attachments.totalSize') ?? []
  const counts = groups.get('attachments.count') ?? []
  if ([...sizes, ...counts].some(({ set }) => set === 1n)) draft.attachments = undefined
  if (draft.attachments === undefined) return
  const reach = (wanted: readonly Wanted[]) =>
    wanted.flatMap(({ dimension, set }) =>
      dimension.regions.flatMap((region, index) =>
        region.state === 'present' && !region.bound && (set & (1n << BigInt(index))) !== 0n
          ? [Number(region.value)]
          : [],
      ),
    )
  if (counts.length > 0 && !accepted(boxes, draft, counts)) {
    const count = Math.min(50, Math.max(0, ...reach(counts).slice(0, 1)))
    while (draft.attachments.length < count)
      draft.attachments = [...draft.attachments, { ...everydayFile(draft.attachments.length), size: 0 }]
  }
  if (sizes.length === 0 || accepted(boxes, draft, sizes)) return
  const files = draft.attachments
  for (const total of reach(sizes)) {
    const missing = total - files.reduce((sum, file) => sum + file.size, 0)
    if (missing < 0) continue
    const last = files.at(-1)
    draft.attachments = last
      ? [...files.slice(0, -1), { ...last, size: last.size + missing }]
      : [{ ...everydayFile(0), size: missing }]
    if (accepted(boxes, draft, sizes)) return
  }
  draft.attachments = files
}

/** Predicates of selectors, and of their opposites. */
function pickers(): (condition: Condition) => FilePredicate {
  const slots = new Slots()
  return function pick(condition): FilePredicate {
    if (condition.kind === 'not') {
      const inner = pick(condition.of)
      return (facts, position) => not(inner(facts, position))
    }
    return compileSelector(
      { leaves: condition.kind === 'all' ? condition.of.flatMap((one) => (one.kind === 'leaf' ? [one] : [])) : [] },
      slots,
    )
  }
}
