/** What stands on the page of each diagnostic code, beside its message. Read by the generator of the pages and by a test, not by the engine. */
import type { DiagnosticCode } from './diagnostic-texts.ts'

export interface DiagnosticHelp {
  readonly cause: string
  readonly remedy: string
  /** What stands under `spec:` (indented by two), or a whole file, and raises the code. */
  readonly example?: string
  /** The example is a lower layer's set. */
  readonly layer?: 'department' | 'user'
}

const help = (cause: string, remedy: string, example?: string, layer?: DiagnosticHelp['layer']): DiagnosticHelp => ({
  cause,
  remedy,
  ...(example === undefined ? {} : { example }),
  ...(layer === undefined ? {} : { layer }),
})

const rule = (text: string): string => `  rules:\n    - ${text}\n`
const when = (test: string): string => rule(`{id: a, when: ${test}, then: [receipt]}`)
const then = (action: string): string => rule(`{id: a, then: [${action}]}`)
const BUNDLE =
  'A bundle is built, signed and sent by `secflow policy build` and `secflow policy apply`; the active policy stays.'

export const diagnosticHelp: Readonly<Partial<Record<DiagnosticCode, DiagnosticHelp>>> = {
  'yaml-syntax': help(
    'The file is not YAML 1.2: a bracket that is not closed, a tab as indentation, a colon in text without quotes.',
    'Mend the place that is named; an editor with YAML support shows it while you type.',
    '  rules: [\n',
  ),
  'file-too-large': help(
    'A file holds more than 1 MB.',
    'Divide the rules over several rule sets of the same layer, and put long lists into their own.',
  ),
  'too-deep': help(
    'Conditions, or other values, are nested more than 32 levels deep.',
    'Flatten `all` inside `all`, or make two rules of one: rules that match are joined anyway.',
    `  rules: ${'['.repeat(40)}${']'.repeat(40)}\n`,
  ),
  'too-many-nodes': help(
    'One rule has more than 500 values.',
    'Put the values of a long list under `lists` and test with `inList`.',
    when(`{recipient.domain: [${Array.from({ length: 510 }, (_, at) => `d${at}.example`).join(', ')}]}`),
  ),
  'alias-refused': help(
    'An anchor (`&name`) or alias (`*name`) was used: a few of them can grow a small file without limit.',
    'Write the value again, or use a named list.',
    '  lists: {a: {type: domain, values: [&x x.example, *x]}}\n',
  ),
  'merge-key-refused': help(
    'The YAML merge key `<<` hides what holds at a place.',
    'Write the keys where they count.',
    '  <<: {}\n',
  ),
  'tag-refused': help(
    'A YAML tag asks the reader to make something other than text, numbers, lists and maps.',
    'Remove the tag.',
    '  mode: !!js/function x\n',
  ),
  'duplicate-key': help(
    'A map has the same key twice; readers differ in which one counts.',
    'Remove one of them.',
    '  mode: enforce\n  mode: simulate\n',
  ),
  'several-documents': help(
    'The file goes on after `---`.',
    'One file for one rule set.',
    'apiVersion: secflow/v1\n---\nkind: RuleSet\n',
  ),
  'unknown-version': help(
    '`apiVersion` is not `secflow/v1`.',
    'Set it, or use the release of Secflow that knows the version.',
    'apiVersion: secflow/v2\nkind: RuleSet\n',
  ),
  'unknown-kind': help(
    'The file is no rule set.',
    'Set `kind: RuleSet`, or move the file out of the policy directory.',
    'apiVersion: secflow/v1\nkind: Rules\n',
  ),
  'no-rule-set': help(
    'The directory holds no file of `kind: RuleSet`; without a valid policy the gateway accepts no mail.',
    'Check the path; start from `examples/`.',
  ),
  'unknown-field': help(
    'A key, or a field of a condition, is not known at this place.',
    'Take the name that is suggested, or look it up in the [reference](../reference/fields.md).',
    when('{message.subjct: x}'),
  ),
  'unknown-operator': help(
    'The field has a type on which this operator makes no sense.',
    'Look up the operators of its type in the [reference](../reference/operators.md).',
    when('{message.size: {contains: "5"}}'),
  ),
  'unknown-action': help(
    'There is no such action.',
    'Take the name that is suggested, or look it up in the [reference](../reference/actions.md).',
    then('{encript: {}}'),
  ),
  'missing-key': help('A key without which the place has no meaning is not there.', 'Add it.', then('{reject: {}}')),
  'one-key': help(
    'A condition or action has several keys; whether both or one of them count would be a guess.',
    'Join conditions with `all:` or `any:`; write each action as its own item.',
    when('{message.subject: a, message.size: {gt: 1MB}}'),
  ),
  'wrong-type': help(
    'A list stands where a map is expected, a number where text is, or the like.',
    'Write what the message expects.',
    '  rules: {id: a}\n',
  ),
  'wrong-value': help(
    'The value is not one of those that are possible here.',
    'Take one that the message names.',
    then('{audit: {level: loud}}'),
  ),
  'wrong-unit': help(
    'A size or duration cannot be read.',
    'Sizes: `300KB`, `25MB`, `1.5GB`. Durations: `30s`, `15m`, `12h`, `14d`, `2w`.',
    when('{message.size: {gt: 5 apples}}'),
  ),
  'wrong-pattern': help(
    'The regular expression is not RE2, or grows too large: look-around and back references need unbounded time.',
    'Write it without them; often `contains`, `containsTag` or `words` says it better.',
    when('{message.subject: {matches: "(?=a)"}}'),
  ),
  'wrong-domain': help(
    'The text is no domain name.',
    'Write `x.example`, `*.x.example` (subdomains only) or use `under`.',
    when('{recipient.domain: "x..example"}'),
  ),
  'wrong-timezone': help(
    'The time zone has no such name.',
    'Use a name of the IANA list, such as `Europe/Berlin`.',
    '  schedules: {s: {timezone: Berlin, hours: ["Mon-Fri 08:00-18:00"]}}\n',
  ),
  'header-refused': help(
    'The header carries addresses, structure or signatures, or belongs to Secflow.',
    'Use another name, `X-...`; subjects are changed by `tagSubject`.',
    then('{setHeader: {name: From, value: x}}'),
  ),
  'unknown-list': help(
    'The rule set has no list of this name; lists hold for their own rule set only.',
    'Add it under `spec.lists`.',
    when('{recipient.domain: {inList: partners}}'),
  ),
  'cel-not-allowed': help(
    'A condition is a `cel:` expression, and the rule set did not ask for them: they are harder to read, cannot be found by an index and are closed to analysis.',
    'Say it with fields and `all`, `any`, `not` where that is possible; else write `allow: [cel]` under `spec`.',
    when('{cel: "message.size > 5"}'),
  ),
  'cel-wrong': help(
    'The expression is no CEL, names no field, compares two types, is not true or false, calls what is not available (`matches`, `has`, `map`), nests loops, or compares with a text that is not in lower case.',
    'Mend what the message names. Facts stand in the form in which all rules compare them: lower case, NFKC.',
    `  allow: [cel]\n${when('{cel: "message.size > \'a\'"}')}`,
  ),
  'list-source': help(
    'A list says where its entries come from with `from`, and names none or several sources.',
    'Write one of `{file: path}`, `{http: https://...}` and `{ldap: {server, base, filter, attribute}}`.',
    `  lists: {l: {type: domain, from: {}, maxAge: 1d}}\n${when('{recipient.domain: {inList: l}}')}`,
  ),
  'list-age': help(
    'A list from outside is renewed after `refresh` (1h when left out, at least 1m) and unknown after `maxAge`; `maxAge` is below `refresh`, or one of them stands at a list without `from`.',
    'Let `maxAge` be several times `refresh`, so that a source that is away for a while does not stop mail.',
    `  lists: {l: {type: domain, from: {file: l.txt}, refresh: 2h, maxAge: 1h}}\n${when('{recipient.domain: {inList: l}}')}`,
  ),
  'list-cycle': help(
    'Lists include each other in a circle, which the message names.',
    'Take one `include` away.',
    `  lists: {a: {type: domain, include: [b]}, b: {type: domain, include: [a]}}\n${when('{recipient.domain: {inList: a}}')}`,
  ),
  'list-live': help(
    '`words` and `confusableWith` prepare their entries when the policy is compiled; the entries of this list come from outside and change.',
    'Put the entries under `values`, or ask with `inList`.',
    `  lists: {l: {type: domain, from: {file: l.txt}, maxAge: 1d}}\n${when('{recipient.domain: {confusableWith: l}}')}`,
  ),
  'list-type': help(
    'The list holds values of another type than the field compares with.',
    'Change the type of the list, or make a second one.',
    `  lists: {kinds: {type: fileType, values: [pdf]}}\n${when('{recipient.domain: {inList: kinds}}')}`,
  ),
  'unknown-schedule': help(
    'The rule set has no schedule of this name.',
    'Add it under `spec.schedules`.',
    when('{message.time: {during: office}}'),
  ),
  'unknown-label': help(
    'The tenant has no such data class.',
    'Add it to `spec.labels` of the tenant layer, or take one that is there.',
    when('{message.classification: {atLeast: cosmic}}'),
  ),
  'conflicting-labels': help(
    'Two rule sets of the tenant layer give `spec.labels`.',
    'Keep it in one of them: the order of classes must be one.',
  ),
  'duplicate-rule': help(
    'Reasons, audit and exceptions name a rule by its id alone, so ids are unique in the whole policy.',
    'Rename one.',
    '  rules:\n    - {id: a, then: [receipt]}\n    - {id: a, then: [receipt]}\n',
  ),
  'duplicate-set': help('Two files have the same `metadata.name`.', 'Rename one.'),
  'only-in-tenant-layer': help(
    'The order of phases and methods and the data classes hold for everybody.',
    'Move the setting to a rule set of the tenant layer.',
    '  preference: [smime]\n',
    'department',
  ),
  'conflicting-setting': help(
    'Two rule sets of the tenant layer give one setting differently.',
    'Keep it in one of them.',
  ),
  'action-not-in-layer': help(
    'The action would let the owners of a lower layer send mail elsewhere or change what others rely on.',
    'Move the rule to a higher layer.',
    then('{bcc: {to: a@x.example}}'),
    'user',
  ),
  'order-incomplete': help(
    '`order` leaves a phase out.',
    'Name every phase once; those that do not matter to you where they stand by default.',
    '  order: [gate, rewrite]\n',
  ),
  'order-violated': help(
    'The order would sign what is changed afterwards, or encrypt before it is signed.',
    'Rewrite and attach before sign, sign before protect, protect before route.',
    '  order: [gate, sign, rewrite, attach, archive, protect, copy, route, notify, audit]\n',
  ),
  'scope-refused': help(
    'The field has no value at this place: fields of an attachment need to know which one is meant, and `appliesTo` knows the sender only.',
    'Write `attachment: {any: {...}}`, or move the test to `when`.',
    when('{attachment.name: x}'),
  ),
  'final-overridable': help(
    '`final` pins a rule, `overridable` lets others loosen it.',
    'Keep one.',
    rule('{id: a, final: true, overridable: true, then: [receipt]}'),
  ),
  'exception-target': help(
    'There is no rule of the id that the exception names.',
    'Take the id that is suggested; remove the exception when the rule is gone.',
    '  exceptions: [{id: e, rule: none, reason: r, owner: o@x.example, expires: 2027-01-01}]\n',
  ),
  'exception-layer': help(
    'An exception may loosen rules of its own layer or a higher one.',
    'Put the exception into the layer of the rule.',
  ),
  'exception-not-overridable': help(
    'The owner of the rule did not allow exceptions.',
    'Ask them to set `overridable: true`; guarantees hold in any case.',
    `${then('receipt')}  exceptions: [{id: e, rule: a, reason: r, owner: o@x.example, expires: 2027-01-01}]\n`,
  ),
  'conflicting-value': help(
    'Two rules of one layer hold for the same mail and fill a place for one value differently; at run time that mail would be held.',
    'Join the rules, or move one to a higher layer.',
    '  rules:\n    - {id: a, then: [{route: {via: one}}]}\n    - {id: b, then: [{route: {via: two}}]}\n',
  ),
  'rule-without-effect': help(
    'The rule says when and not what.',
    'Add `then`, `else` or `choose`.',
    rule('{id: a, when: {recipient.external: true}}'),
  ),
  'then-and-choose': help(
    '`then` is the one branch of a rule, `choose` several.',
    'Make `then` a branch of `choose`, or a rule of its own.',
    rule('{id: a, then: [receipt], choose: [{otherwise: true, then: [receipt]}]}'),
  ),
  'otherwise-last': help(
    '`otherwise` always holds: branches behind it are never reached.',
    'Move it to the end.',
    rule('{id: a, choose: [{otherwise: true, then: [receipt]}, {when: {recipient.external: true}, then: [receipt]}]}'),
  ),
  'unused-list': help(
    'No condition of the rule set asks for the list. A warning.',
    'Remove it, or look for the rule that was meant to use it.',
    '  lists: {partners: {type: domain, values: [x.example]}}\n',
  ),
  unindexable: help(
    'More than a hundred rules ask only for what most mail has (its direction, a size, a `not`), so that each of them is tried on every mail, which takes time. A warning; decisions stay as they are.',
    'Join them into fewer rules, or give each a condition that singles mail out: a domain, a class, a word of the subject, a department, a file type.',
  ),
  'missing-otherwise': help(
    'When no branch holds, the rule does nothing. A warning.',
    'Add `otherwise: true`, with `then: []` when nothing is what you mean.',
    rule('{id: a, choose: [{when: {recipient.external: true}, then: [receipt]}]}'),
  ),
  'never-true': help(
    'The condition asks for two things of which no mail has both: a size below and above, a class and another one. A rule, exception or guarantee with it does nothing. A warning.',
    'Ask for one of the two, or join them with `any`.',
    when('{all: [{message.size: {gt: 20MB}}, {message.size: {lt: 10MB}}]}'),
  ),
  'redundant-rule': help(
    'Another rule applies to all mail of this one and asks for the same or more. Without this rule every decision stays as it is. A warning.',
    'Remove it, or make its condition or actions what they were meant to be.',
    '  rules:\n    - {id: a, when: {message.size: {gt: 20MB}}, then: [receipt]}\n    - {id: b, when: {message.size: {gt: 10MB}}, then: [receipt]}\n',
  ),
  'unreachable-branch': help(
    'Whenever the branch would hold, one before it holds already, or the rule itself does not. A warning.',
    'Put the narrower branch first, or remove it.',
    rule(
      '{id: a, choose: [{when: {message.size: {gt: 1MB}}, then: [receipt]}, {when: {message.size: {gt: 5MB}}, then: [receipt]}, {otherwise: true, then: []}]}',
    ),
  ),
  'no-common-method': help(
    'Two rules can apply to one mail, and no method is accepted by both: such a mail never leaves, it ends as `ifNone` says. The mail that is shown meets both. A warning.',
    'Accept a common method in both, or take the mail of one out of the condition of the other.',
    '  rules:\n    - {id: a, when: {message.subject: {containsTag: x}}, then: [{protect: {anyOf: [pdf]}}]}\n    - {id: b, when: {recipient.external: true}, then: [{protect: {anyOf: [smime, pgp]}}]}\n',
  ),
  'dead-end': help(
    'A rule of one layer accepts no method that a rule of another layer accepts, and that one applies to all of its mail: nothing can leave by it.',
    'Accept a method of the other rule, or ask the owner of the higher layer to widen it. The mail that is shown meets both.',
  ),
  'overlapping-values': help(
    'Two rules of one layer can apply to one mail and give one thing (a signature, a route, a header) two values: such a mail is held. The mail that is shown meets both. A warning.',
    'Take the mail of one out of the condition of the other, or move one to the layer that shall decide.',
    '  rules:\n    - {id: a, when: {message.size: {gt: 1MB}}, then: [{route: {via: r1}}]}\n    - {id: b, when: {recipient.external: true}, then: [{route: {via: r2}}]}\n',
  ),
  'bundle-damaged': help('The bundle cannot be read: it was cut or altered.', `Build it again. ${BUNDLE}`),
  'bundle-format': help(
    'The bundle has another format than this release reads.',
    `Build it with the release that runs. ${BUNDLE}`,
  ),
  'bundle-unsigned': help(
    'A trust root is set and the bundle has no signature.',
    `Sign it with the key of the roll-out. ${BUNDLE}`,
  ),
  'bundle-key': help(
    'The bundle is signed by a key that is not among the trusted ones.',
    `Sign with a trusted key, or add its public key. ${BUNDLE}`,
  ),
  'bundle-signature': help(
    'The signature does not fit the content: something was changed after signing.',
    `Do not use it; find out where it came from. ${BUNDLE}`,
  ),
  'bundle-engine': help('The bundle was made for a newer engine.', `Update Secflow first. ${BUNDLE}`),
  'bundle-serial': help(
    'The serial is not higher than that of the active bundle: an old one is played again.',
    `Roll back with \`secflow policy rollback\`, which makes a new bundle of the old content. ${BUNDLE}`,
  ),
  'bundle-hash': help('A file in the bundle is not the one its manifest names.', `Build it again. ${BUNDLE}`),
  'bundle-revision': help('The content makes another revision than the manifest says.', `Build it again. ${BUNDLE}`),
}
