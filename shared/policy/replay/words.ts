/** Which rules look at words that are not kept. */
import type { AttachmentFacts, PolicyInput, RecipientFacts } from '../../domain/index.ts'
import type { RuleSet } from '../ir.ts'
import { STANDARD_LABELS, tenantLabels } from '../labels.ts'
import { leavesOf } from '../parse/condition.ts'
import type { Policy } from '../policy.ts'
import type { FieldDefinition } from '../registry/field.ts'
import { byCode } from '../text/canonical.ts'

/** Ids of rules, exceptions and guarantees of which a condition reads the text of body or attachments, sorted. */
export function rulesOnWords(policy: Policy): readonly string[] {
  const reading = new Map<FieldDefinition, boolean>()
  const reads = (field: FieldDefinition) => {
    let known = reading.get(field)
    if (known === undefined) {
      known = readsWords(field)
      reading.set(field, known)
    }
    return known
  }
  const conditions = ({ rules, exceptions, guarantees }: RuleSet) => [
    ...rules.map((rule) => ({ id: rule.id, of: [rule.when, ...rule.branches.map(({ when }) => when)] })),
    ...[...exceptions, ...guarantees].map(({ id, when }) => ({ id, of: [when] })),
  ]
  return policy.ruleSets
    .flatMap(conditions)
    .filter(({ of }) =>
      of
        .flatMap(leavesOf)
        .flatMap((leaf) => (leaf.kind === 'leaf' ? [leaf] : leaf.of.leaves))
        .some(({ field }) => reads(field)),
    )
    .map(({ id }) => id)
    .sort(byCode)
}

/** Tries the field on a mail that notices who looks at its texts: a list of such fields would be forgotten some day. */
function readsWords(field: FieldDefinition): boolean {
  let seen = false
  const look = () => {
    seen = true
    return ''
  }
  const file = {
    index: 0,
    name: '',
    extension: '',
    type: null,
    declaredType: '',
    mismatch: false,
    size: 0,
    get text() {
      return look()
    },
  } satisfies AttachmentFacts
  const recipient: RecipientFacts = { address: '', domain: '', external: false, direction: 'internal', keys: {} }
  const input: PolicyInput = {
    time: '2000-01-01T00:00:00Z',
    message: {
      direction: 'internal',
      subject: '',
      classification: '',
      size: 0,
      header: {},
      authenticated: false,
      source: '',
      get bodyText() {
        return look()
      },
      content: 'plain',
      autoSubmitted: false,
      defects: [],
    },
    sender: { address: '', domain: '', tenant: '', ours: false },
    recipients: [recipient],
    attachments: [file],
    intent: { classification: null, protection: [], source: 'none' },
  }
  const scene = { input, recipient, attachment: file, labels: tenantLabels(STANDARD_LABELS) }
  field.read(scene, '')
  return seen
}
