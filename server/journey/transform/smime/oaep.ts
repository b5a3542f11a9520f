import { type Element, Members } from '../../../keys/asn1/ber-read.ts'
import * as der from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { algorithmValue, explicit, octets } from '../../../keys/asn1/values.ts'

const DIGESTS: Readonly<Record<string, string>> = {
  [OID.sha1]: 'sha1',
  [OID.sha256]: 'sha256',
  [OID.sha384]: 'sha384',
  [OID.sha512]: 'sha512',
}

type Parameters = { readonly oaepHash: string; readonly oaepLabel?: Buffer }

/** What was read of encodings without a label: there are a handful in the world. */
const read = new Map<string, Parameters>()
const MOST_READ = 64

/**
 * RSAES-OAEP-params (RFC 8017 A.2.1), every field with its default, as node:crypto takes them. It hashes and masks with one
 * digest only. Throws for parameters that cannot be honoured.
 */
export function oaepParameters(parameters: Element | null): Parameters {
  const encoding = parameters?.bytes.toString('latin1') ?? ''
  const known = read.get(encoding)
  if (known) return known
  const made = parametersOf(parameters)
  if (!made.oaepLabel && read.size < MOST_READ) read.set(encoding, made)
  return made
}

function parametersOf(parameters: Element | null): Parameters {
  let hash = 'sha1'
  let mask = 'sha1'
  let label: Buffer | null = null
  if (parameters && parameters.tag !== der.TAG.null) {
    const members = new Members(parameters, der.TAG.sequence)
    const hashField = members.optional(der.contextTag(0))
    const maskField = members.optional(der.contextTag(1))
    const labelField = members.optional(der.contextTag(2))
    members.end()
    if (hashField) hash = digestOf(explicit(hashField, 0))
    if (maskField) {
      const generator = algorithmValue(explicit(maskField, 1))
      if (generator.oid !== OID.mgf1) throw new Error('unknown mask generation function')
      mask = generator.parameters ? digestOf(generator.parameters) : 'sha1'
    }
    if (labelField) {
      const source = algorithmValue(explicit(labelField, 2))
      if (source.oid !== OID.pSpecified || !source.parameters) throw new Error('unknown label source')
      label = octets(source.parameters)
    }
  }
  if (hash !== mask) throw new Error('different digests for hash and mask')
  return { oaepHash: hash, ...(label && label.length > 0 ? { oaepLabel: label } : {}) }
}

function digestOf(element: Element): string {
  const digest = DIGESTS[algorithmValue(element).oid]
  if (!digest) throw new Error('unknown digest')
  return digest
}
