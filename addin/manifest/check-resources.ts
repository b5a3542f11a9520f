import { NEEDED_ICONS } from './addin.ts'
import { childOf, type Report, walk } from './finding.ts'
import type { Element } from './xml.ts'

const ID_MAX = 32
const KINDS: Readonly<Record<string, readonly [kind: string, longest: number]>> = {
  'bt:Images': ['picture', 2048],
  'bt:Urls': ['address', 2048],
  'bt:ShortStrings': ['short text', 125],
  'bt:LongStrings': ['long text', 250],
}
/** Kind of the resource that an element names. */
const WANTED: Readonly<Record<string, string>> = {
  Label: 'short text',
  Title: 'short text',
  Description: 'long text',
  SourceLocation: 'address',
  FunctionFile: 'address',
  Runtime: 'address',
  Override: 'address',
  'bt:Image': 'picture',
}

/** Ids and what they stand for; each VersionOverrides has its own resources. */
export function checkResources(root: Element, report: Report): void {
  checkIds(root, report)
  const locale = childOf(root, 'DefaultLocale')?.text ?? ''
  const languages = new Set<string>()
  for (const [one] of walk(root))
    if (/Override$/.test(one.name) && one.attributes.Locale) languages.add(one.attributes.Locale)
  for (const name of ['DisplayName', 'Description']) checkOverrides(childOf(root, name), locale, null, report)
  for (const [one] of walk(root)) if (one.name === 'VersionOverrides') checkScope(one, locale, languages, report)
}

/** Ids of groups and buttons are unique in the whole manifest. */
function checkIds(root: Element, report: Report): void {
  const seen = new Set<string>()
  for (const [one] of walk(root)) {
    if (!['Group', 'Control'].includes(one.name)) continue
    const { id } = one.attributes
    if (!id) report('id', one, `${one.name} has no id`)
    else if (seen.has(id)) report('id', one, `the id ${id} stands twice`)
    else if (id.length > 125) report('id', one, `the id ${id} is longer than 125 characters`)
    seen.add(id ?? '')
  }
}

function checkScope(overrides: Element, locale: string, languages: ReadonlySet<string>, report: Report): void {
  const defined = definitions(childOf(overrides, 'Resources'), locale, languages, report)
  const used = new Set<string>()
  for (const child of overrides.children) {
    if (child.name === 'Resources' || child.name === 'VersionOverrides') continue
    for (const [one] of walk(child)) {
      if (one.name === 'Icon') checkSizes(one, report)
      const { resid } = one.attributes
      const wanted = WANTED[one.name]
      if (resid === undefined || wanted === undefined) continue
      used.add(resid)
      const kind = defined.get(resid)?.kind
      if (kind === undefined) report('resource', one, `${one.name}: nothing has the id ${resid}`)
      else if (kind !== wanted) report('resource', one, `${one.name} wants a ${wanted}; ${resid} is a ${kind}`)
    }
  }
  for (const [id, { where }] of defined) if (!used.has(id)) report('unused', where, `nothing uses ${id}`, 'warning')
}

function definitions(resources: Element | undefined, locale: string, languages: ReadonlySet<string>, report: Report) {
  const defined = new Map<string, { readonly kind: string; readonly where: Element }>()
  for (const list of resources?.children ?? []) {
    const [kind, longest] = KINDS[list.name] ?? ['', 0]
    for (const one of list.children) {
      const { id = '', DefaultValue = '' } = one.attributes
      if (id === '' || id.length > ID_MAX) report('id', one, `the id ${id} has not 1 to ${ID_MAX} characters`)
      if (defined.has(id)) report('id', one, `the id ${id} stands twice`)
      defined.set(id, { kind, where: one })
      for (const text of [DefaultValue, ...one.children.map((child) => child.attributes.Value ?? '')])
        if (text === '' || text.length > longest) report('length', one, `${id} has not 1 to ${longest} characters`)
      checkOverrides(one, locale, list.name.endsWith('Strings') ? languages : null, report)
    }
  }
  return defined
}

/** Languages of a text: tags, none twice, not the default one; with `languages`, all that the manifest has anywhere. */
function checkOverrides(
  one: Element | undefined,
  locale: string,
  languages: ReadonlySet<string> | null,
  report: Report,
): void {
  if (!one) return
  const there = one.children.map(({ attributes }) => attributes.Locale ?? '')
  for (const [at, tag] of there.entries()) {
    if (!/^[a-z]{2,3}(?:-[A-Za-z\d]{2,8})*$/.test(tag)) report('locale', one.children[at]!, `${tag} is no language tag`)
    if (tag === locale) report('locale', one.children[at]!, `${tag} is the default language already`)
    if (there.indexOf(tag) < at) report('locale', one.children[at]!, `${tag} stands twice`)
  }
  for (const tag of languages ?? [])
    if (!there.includes(tag) && tag !== locale) report('locale', one, `${one.attributes.id} has no text in ${tag}`)
}

function checkSizes(icon: Element, report: Report): void {
  const sizes = icon.children.map(({ attributes }) => attributes.size ?? '')
  for (const size of NEEDED_ICONS)
    if (!sizes.includes(String(size))) report('icon', icon, `the picture of ${size} pixels is missing`)
}
