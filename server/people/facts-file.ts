import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isNode, LineCounter, parseDocument } from 'yaml'
import type { PersonRecord } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { factsSchema } from './facts-schema.ts'

/** Object identifiers of what `smimeReads` may name (RFC 5084). */
const READS = { 'aes256-gcm': '2.16.840.1.101.3.4.1.46' } as const

/** Key material as the file gives it; whoever stores it checks it. Addresses are canonical, texts PEM or armor. */
export type KeyInput =
  | {
      readonly kind: 'smime'
      readonly use: 'peer'
      readonly address: string
      readonly certificate: string
      /** Object identifiers of what the peer's program is known to read. */
      readonly capabilities?: readonly string[]
    }
  | { readonly kind: 'pgp'; readonly use: 'peer'; readonly address: string; readonly armored: string }
  | { readonly kind: 'crl'; readonly list: string }
  /** One certificate. */
  | { readonly kind: 'anchor'; readonly certificate: string }
  | {
      readonly kind: 'smime'
      readonly use: 'own' | 'gateway'
      /** '' for a gateway that names none. */
      readonly address: string
      readonly certificate: string
      readonly privateKey: string
    }
  | { readonly kind: 'pgp'; readonly use: 'own' | 'gateway'; readonly address: string; readonly armoredPrivate: string }

export interface Facts {
  readonly people: readonly PersonRecord[]
  readonly keys: readonly KeyInput[]
}

/** Reads a facts file; paths in it start from its folder. Raises `config-missing` or `config-invalid`. */
export function readFactsFile(file: string): Facts {
  const base = dirname(file)
  return parseFacts(read(file), file, (path) => read(resolve(base, path)))
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new Fault(code === 'ENOENT' ? 'config-missing' : 'config-invalid', `cannot read ${file} (${code})`)
  }
}

/**
 * Parses the text of a facts file, strictly. Raises `config-invalid` with every mistake as `name:line:column: what`.
 * `readKey` gives the text of a file that is named in the place of key material.
 */
export function parseFacts(text: string, name: string, readKey: (path: string) => string): Facts {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, stringKeys: true })
  const mistakes: string[] = []
  const mistake = (path: readonly PropertyKey[], what: string) => {
    const { line, col } = lines.linePos(offsetOf(path))
    mistakes.push(`${name}:${line}:${col}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${what}`)
  }

  /** Start of the innermost node of the path that is written. */
  function offsetOf(path: readonly PropertyKey[]): number {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return node.range[0]
    }
    return 0
  }

  function material(text: string, path: readonly PropertyKey[]): string {
    if (text.includes('-----BEGIN ')) return text
    try {
      const content = readKey(text)
      if (content.includes('-----BEGIN ')) return content
      mistake(path, `${text} is neither PEM nor armor`)
    } catch (error) {
      mistake(path, error instanceof Fault ? error.detail : `cannot read ${text}`)
    }
    return ''
  }

  const [broken] = document.errors
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0])
    throw new Fault(
      'config-invalid',
      `${name}:${line}:${col}: ${broken.message.split('\n', 1)[0]!.replace(/ at line .*$/, '')}`,
    )
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch {
    throw new Fault('config-invalid', `${name}:1:1: too many aliases`)
  }
  const parsed = factsSchema.safeParse(value ?? {})
  for (const issue of parsed.error?.issues ?? []) mistake(issue.path, issue.message)
  if (!parsed.success) throw new Fault('config-invalid', mistakes.join('\n'))

  const keys: KeyInput[] = []
  const seen = new Set<string>()
  const people = parsed.data.people.map((person, i): PersonRecord => {
    const at = ['people', i]
    const { address } = person
    if (seen.has(address)) mistake([...at, 'address'], `${address} is there twice`)
    seen.add(address)
    for (const [certificate, path] of listed(person.smime, [...at, 'smime'])) {
      const capabilities = person.smimeReads ? { capabilities: person.smimeReads.map((name) => READS[name]) } : {}
      keys.push({ kind: 'smime', use: 'peer', address, certificate: material(certificate, path), ...capabilities })
    }
    for (const [armored, path] of listed(person.pgp, [...at, 'pgp'])) {
      keys.push({ kind: 'pgp', use: 'peer', address, armored: material(armored, path) })
    }
    return {
      address,
      name: person.name ?? null,
      user: person.user,
      department: person.department ?? null,
      location: person.location ?? null,
      role: person.role ?? null,
      groups: person.groups,
      country: person.country ?? null,
      language: person.language ?? null,
      phone: person.phone ?? null,
      portalAccount: person.portalAccount,
      lastContact: person.lastContact ?? null,
      sendsAs: person.sendsAs,
      passwordHash: person.password ?? null,
    }
  })
  for (const [i, anchor] of parsed.data.anchors.entries()) {
    for (const certificate of certificatesIn(material(anchor, ['anchors', i])))
      keys.push({ kind: 'anchor', certificate })
  }
  for (const [i, list] of parsed.data.crls.entries()) keys.push({ kind: 'crl', list: material(list, ['crls', i]) })
  for (const [i, identity] of parsed.data.identities.entries()) {
    const at = ['identities', i]
    const owner = { use: identity.gateway ? 'gateway' : 'own', address: identity.address ?? '' } as const
    if (identity.certificate !== undefined && identity.key !== undefined) {
      const certificate = material(identity.certificate, [...at, 'certificate'])
      keys.push({ kind: 'smime', ...owner, certificate, privateKey: material(identity.key, [...at, 'key']) })
    }
    if (identity.pgpPrivate !== undefined) {
      keys.push({ kind: 'pgp', ...owner, armoredPrivate: material(identity.pgpPrivate, [...at, 'pgpPrivate']) })
    }
  }
  if (mistakes.length > 0) throw new Fault('config-invalid', mistakes.join('\n'))
  return { people, keys }
}

function listed(
  value: string | readonly string[] | undefined,
  path: readonly PropertyKey[],
): [string, PropertyKey[]][] {
  if (value === undefined) return []
  if (typeof value === 'string') return [[value, [...path]]]
  return value.map((item, i) => [item, [...path, i]])
}

/** A bundle holds many; an anchor is one. */
function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
}
