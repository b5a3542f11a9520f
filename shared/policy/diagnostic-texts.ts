export interface Message {
  readonly severity: 'error' | 'warning'
  readonly de: string
  readonly en: string
}

const error = (de: string, en: string): Message => ({ severity: 'error', de, en })
const warning = (de: string, en: string): Message => ({ severity: 'warning', de, en })

/** Every finding of the language by its stable code. */
export const messages = {
  'yaml-syntax': error('Das ist kein gültiges YAML: {detail}', 'This is not valid YAML: {detail}'),
  'file-too-large': error('Die Datei ist größer als 1 MB', 'The file is larger than 1 MB'),
  'bundle-damaged': error(
    'Das Bündel ist beschädigt: {detail}. Bauen Sie es neu: secflow policy build',
    'The bundle is damaged: {detail}. Build it again: secflow policy build',
  ),
  'bundle-format': error(
    'Das ist kein Richtlinien-Bündel, das diese Version liest: {name}',
    'This is no policy bundle that this version reads: {name}',
  ),
  'bundle-unsigned': error(
    'Das Bündel ist nicht signiert, und es ist ein Vertrauensanker gesetzt (policyTrust)',
    'The bundle is not signed, and a trust root is set (policyTrust)',
  ),
  'bundle-key': error(
    'Das Bündel ist mit keinem Schlüssel aus policyTrust signiert: {name}',
    'The bundle is signed by no key of policyTrust: {name}',
  ),
  'bundle-signature': error(
    'Die Signatur von {name} passt nicht zum Inhalt des Bündels',
    'The signature of {name} does not fit the content of the bundle',
  ),
  'bundle-engine': error(
    'Das Bündel braucht Version {name} der Richtliniensprache, dieses Gateway spricht {detail}',
    'The bundle needs generation {name} of the policy language, this gateway speaks {detail}',
  ),
  'bundle-serial': error(
    'Die Seriennummer {name} liegt nicht über der geltenden {detail}. Zurück geht es mit: secflow policy rollback',
    'The serial {name} is not above the {detail} in force. To go back: secflow policy rollback',
  ),
  'bundle-hash': error(
    'Der Inhalt von {name} passt nicht zu seinem Hashwert im Manifest',
    'The content of {name} does not fit its hash in the manifest',
  ),
  'bundle-revision': error(
    'Die Regelsätze passen nicht zur Revision im Manifest',
    'The rule sets do not fit the revision in the manifest',
  ),
  'too-deep': error('Tiefer als 32 Ebenen geschachtelt', 'Nested deeper than 32 levels'),
  'too-many-nodes': error('Die Regel {name} hat mehr als 500 Knoten', 'Rule {name} has more than 500 nodes'),
  'alias-refused': error(
    'Anker und Aliasse (& und *) sind nicht erlaubt',
    'Anchors and aliases (& and *) are not allowed',
  ),
  'merge-key-refused': error('Der Schlüssel << ist nicht erlaubt', 'The merge key << is not allowed'),
  'tag-refused': error('Das YAML-Tag {name} ist nicht erlaubt', 'The YAML tag {name} is not allowed'),
  'duplicate-key': error('Der Schlüssel {name} steht zweimal da', 'The key {name} is given twice'),
  'several-documents': error('Nur ein Dokument je Datei', 'Only one document a file'),
  'unknown-version': error(
    'apiVersion muss secflow/v1 sein, nicht {name}',
    'apiVersion must be secflow/v1, not {name}',
  ),
  'unknown-kind': error('kind muss RuleSet sein, nicht {name}', 'kind must be RuleSet, not {name}'),
  'no-rule-set': error('Es gibt keinen Regelsatz (kind: RuleSet)', 'There is no rule set (kind: RuleSet)'),
  'unknown-field': error('{name} gibt es hier nicht', '{name} is not known here'),
  'unknown-operator': error('{name} gibt es nicht für {field}', '{name} is not an operator of {field}'),
  'unknown-action': error('Die Aktion {name} gibt es nicht', 'There is no action {name}'),
  'missing-key': error('{name} fehlt', '{name} is missing'),
  'one-key': error(
    'Genau ein Schlüssel je Bedingung oder Aktion; mehrere mit all: verbinden',
    'Exactly one key in a condition or action; join several with all:',
  ),
  'wrong-type': error('Hier wird {expected} erwartet, nicht {found}', 'Expected {expected} here, not {found}'),
  'wrong-value': error('{found} ist nicht erlaubt; möglich ist {expected}', '{found} is not allowed; use {expected}'),
  'wrong-unit': error(
    '{found} ist nicht lesbar; erwartet wird {expected}',
    '{found} cannot be read; expected {expected}',
  ),
  'wrong-pattern': error('Kein RE2-Ausdruck: {detail}', 'Not an RE2 expression: {detail}'),
  'wrong-domain': error('{found} ist kein Domainname', '{found} is not a domain name'),
  'wrong-timezone': error(
    '{found} ist keine Zeitzone (erwartet z. B. Europe/Berlin)',
    '{found} is not a time zone (try Europe/Berlin)',
  ),
  'header-refused': error('Die Kopfzeile {name} darf nicht gesetzt werden', 'The header {name} may not be set'),
  'unknown-list': error(
    'Die Liste {name} gibt es in diesem Regelsatz nicht',
    'There is no list {name} in this rule set',
  ),
  'list-type': error(
    'Die Liste {name} enthält {found}, das Feld erwartet {expected}',
    'List {name} holds {found}, the field wants {expected}',
  ),
  'cel-not-allowed': error('cel: braucht im Regelsatz allow: [cel]', 'cel: needs allow: [cel] in the rule set'),
  'cel-wrong': error('Der Ausdruck geht nicht: {detail}', 'The expression does not work: {detail}'),
  'list-source': error(
    'Eine Liste von außen hat genau eine Quelle: {expected}',
    'A list from outside has exactly one source: {expected}',
  ),
  'list-age': error('refresh und maxAge passen nicht: {detail}', 'refresh and maxAge do not fit: {detail}'),
  'list-cycle': error('Listen enthalten sich im Kreis: {name}', 'Lists include each other in a circle: {name}'),
  'list-live': error(
    'Die Liste {name} kommt von außen; hier müssen die Einträge in der Richtlinie stehen',
    'List {name} comes from outside; here the entries have to stand in the policy',
  ),
  'unknown-schedule': error(
    'Den Zeitplan {name} gibt es in diesem Regelsatz nicht',
    'There is no schedule {name} in this rule set',
  ),
  'unknown-label': error('Die Datenklasse {name} gibt es nicht', 'There is no data class {name}'),
  'conflicting-labels': error('spec.labels steht schon in {name}', 'spec.labels is given already in {name}'),
  'duplicate-rule': error('Die Kennung {name} ist schon vergeben ({detail})', 'The id {name} is taken ({detail})'),
  'duplicate-set': error(
    'Den Regelsatz {name} gibt es schon ({detail})',
    'There is a rule set {name} already ({detail})',
  ),
  'only-in-tenant-layer': error(
    '{name} darf nur in der Ebene tenant stehen',
    '{name} may stand in the tenant layer only',
  ),
  'conflicting-setting': error('{name} steht schon anders in {detail}', '{name} is given differently in {detail}'),
  'action-not-in-layer': error(
    '{name} ist in der Ebene {layer} nicht erlaubt',
    '{name} is not allowed in the {layer} layer',
  ),
  'order-incomplete': error(
    'order muss jede Phase genau einmal nennen; es fehlt {name}',
    'order must name every phase once; {name} is missing',
  ),
  'order-violated': error('{name} muss vor {detail} kommen', '{name} must come before {detail}'),
  'scope-refused': error(
    '{name} ist hier nicht erlaubt: nur Felder mit {expected}',
    '{name} is not allowed here: only fields of {expected}',
  ),
  'final-overridable': error(
    'Eine Regel ist final oder overridable, nicht beides',
    'A rule is final or overridable, not both',
  ),
  'exception-target': error(
    'Die Ausnahme nennt die Regel {name}, die es nicht gibt',
    'The exception names rule {name}, which does not exist',
  ),
  'exception-layer': error(
    '{name} steht in einer tieferen Ebene als diese Ausnahme',
    '{name} stands in a lower layer than this exception',
  ),
  'exception-not-overridable': error(
    'Die Regel {name} ist nicht overridable; nur dort sind Ausnahmen erlaubt',
    'Rule {name} is not overridable; only such rules take exceptions',
  ),
  'conflicting-value': error(
    '{name} und {detail} gelten für dieselben Mails und setzen {field} verschieden',
    '{name} and {detail} apply to the same mail and set {field} differently',
  ),
  'rule-without-effect': error(
    'Die Regel {name} hat weder then, else noch choose',
    'Rule {name} has neither then, else nor choose',
  ),
  'then-and-choose': error('then und choose schließen sich aus', 'then and choose exclude each other'),
  'otherwise-last': error('Nach otherwise kann kein Zweig mehr folgen', 'No branch can follow otherwise'),
  'unused-list': warning('Die Liste {name} wird nicht benutzt', 'List {name} is not used'),
  unindexable: warning(
    '{name} Regeln ({detail} ...) haben keine Bedingung, über die sie zu finden sind (Domain, Betreff, Abteilung, Dateityp ...), und werden bei jeder Mail geprüft',
    '{name} rules ({detail} ...) have no condition by which to find them (domain, subject, department, file type ...) and are tried on every mail',
  ),
  'missing-otherwise': warning('choose hat keinen Zweig otherwise', 'choose has no otherwise branch'),
  'never-true': warning('{name} kann für keine Mail zutreffen', '{name} can hold for no mail'),
  'redundant-rule': warning(
    '{name} bewirkt nichts Eigenes: {detail} gilt für dieselben Mails und verlangt mindestens dasselbe',
    '{name} adds nothing: {detail} applies to the same mail and asks for at least the same',
  ),
  'unreachable-branch': warning(
    'Der Zweig {name} der Regel {detail} wird nie erreicht',
    'The branch {name} of rule {detail} is never reached',
  ),
  'no-common-method': warning(
    '{name} ({field}) und {detail} haben keine Methode gemeinsam: Mails, für die beide gelten, gehen nicht hinaus',
    '{name} ({field}) and {detail} have no method in common: mail that meets both does not leave',
  ),
  'dead-end': error(
    '{name} ({field}) kann nie schützen: {detail} gilt immer auch und lässt keine dieser Methoden zu',
    '{name} ({field}) can never protect: {detail} always applies too and accepts none of these methods',
  ),
  'overlapping-values': warning(
    '{name} und {detail} setzen {field} verschieden: Mails, für die beide gelten, werden angehalten',
    '{name} and {detail} set {field} differently: mail that meets both is held',
  ),
} as const satisfies Record<string, Message>

export type DiagnosticCode = keyof typeof messages
