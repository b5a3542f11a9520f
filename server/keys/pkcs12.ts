import { createPrivateKey, type KeyObject, randomBytes, timingSafeEqual, type X509Certificate } from 'node:crypto'
import { Fault } from '../../shared/fault/index.ts'
import { type Element, Members, readElement } from './asn1/ber-read.ts'
import * as der from './asn1/der.ts'
import { OID } from './asn1/oids.ts'
import { algorithmValue, explicit, octets, oidValue, smallInteger } from './asn1/values.ts'
import { type IssuedCertificate, privateKeyOf } from './authority.ts'
import { certificateOf, readCertificates } from './certificate.ts'
import { decryptWithPassword, encryptWithPassword, passwordMac } from './password-encryption.ts'

/** 1 MiB: a key, a certificate and a long chain need some 20 KiB. */
const LARGEST = 1_048_576
const MAC_ITERATIONS = 10_000
const MOST_BAGS = 100

/**
 * Reads a PKCS#12 file (RFC 7292): one key, its certificate and chain, as PEM with the leaf first. Cold path of an
 * administrator, on the event loop for up to some seconds: iteration counts are capped. The MAC is checked before
 * anything is decrypted. Raises `key-unusable`, with the same text for a wrong password and a damaged file.
 */
export function importPkcs12(file: Uint8Array, password: string): IssuedCertificate {
  if (file.length > LARGEST) throw new Fault('key-unusable', 'the PKCS#12 file is larger than 1 MiB')
  let bags: Bags
  try {
    bags = openFile(file, password)
  } catch (cause) {
    throw new Fault('key-unusable', 'the PKCS#12 file does not open', { cause })
  }
  const [privateKey] = bags.keys
  if (!privateKey || bags.keys.length > 1) throw new Fault('key-unusable', 'exactly one key is needed')
  const leaf = bags.certificates.find((certificate) => certificate.checkPrivateKey(privateKey))
  if (!leaf) throw new Fault('key-unusable', 'the file has no certificate for its key')
  const chain = [leaf, ...bags.certificates.filter((certificate) => certificate !== leaf)]
  return {
    certificate: chain.map((certificate) => certificate.toString()).join(''),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** Writes a PKCS#12 file for another mail program: AES-256-CBC, PBKDF2 and MAC with SHA-256 (Windows 10, macOS 15, OpenSSL 1.1 and above). */
export function exportPkcs12(identity: IssuedCertificate, name: string, password: string): Buffer {
  const key = privateKeyOf(identity.privateKey).export({ type: 'pkcs8', format: 'der' })
  const shrouded = encryptWithPassword(key, password)
  const link = attribute(OID.localKeyId, der.octetString(Buffer.from([1])))
  const title = attribute(OID.friendlyName, der.tagged(0x1e, Buffer.from(name, 'utf16le').swap16()))
  const keys = der.sequence(
    bag(OID.shroudedKeyBag, der.sequence(shrouded.algorithm, der.octetString(shrouded.encrypted)), [title, link]),
  )
  const certificates = readCertificates(identity.certificate).map((certificate, index) =>
    bag(
      OID.certBag,
      der.sequence(der.oid(OID.x509Certificate), der.context(0, der.octetString(certificate.raw))),
      index === 0 ? [title, link] : [],
    ),
  )
  const covered = encryptWithPassword(der.sequence(...certificates), password)
  const safe = der.sequence(
    der.sequence(
      der.oid(OID.encryptedData),
      der.context(
        0,
        der.sequence(
          der.integer(0),
          der.sequence(der.oid(OID.data), covered.algorithm, der.contextPrimitive(0, covered.encrypted)),
        ),
      ),
    ),
    data(keys),
  )
  const salt = randomBytes(16)
  const mac = passwordMac('sha256', password, salt, MAC_ITERATIONS, safe)
  return der.sequence(
    der.integer(3),
    data(safe),
    der.sequence(
      der.sequence(der.algorithm(OID.sha256, der.nullValue()), der.octetString(mac)),
      der.octetString(salt),
      der.integer(MAC_ITERATIONS),
    ),
  )
}

const data = (content: Buffer) => der.sequence(der.oid(OID.data), der.context(0, der.octetString(content)))
const attribute = (oid: string, value: Buffer) => der.sequence(der.oid(oid), der.setOf(value))

function bag(oid: string, value: Buffer, attributes: readonly Buffer[]): Buffer {
  return der.sequence(der.oid(oid), der.context(0, value), ...(attributes.length > 0 ? [der.setOf(...attributes)] : []))
}

interface Bags {
  readonly keys: KeyObject[]
  readonly certificates: X509Certificate[]
}

function openFile(file: Uint8Array, password: string): Bags {
  const pfx = new Members(readElement(file, { encoding: 'ber' }), der.TAG.sequence)
  smallInteger(pfx.take())
  const safe = dataOf(pfx.take())
  checkMac(pfx.take(der.TAG.sequence), safe, password)
  pfx.end()
  const found: Bags = { keys: [], certificates: [] }
  const contents = new Members(readElement(safe, { encoding: 'ber' }), der.TAG.sequence).rest()
  for (const content of contents) {
    const members = new Members(content, der.TAG.sequence)
    const type = oidValue(members.take())
    const plain = type === OID.encryptedData ? decrypted(explicit(members.take(), 0), password) : dataOf(content)
    const bags = new Members(readElement(plain, { encoding: 'ber' }), der.TAG.sequence).rest()
    if (bags.length > MOST_BAGS) throw new Fault('container-malformed', 'too many bags')
    for (const entry of bags) readBag(entry, password, found)
  }
  return found
}

const DIGESTS: Readonly<Record<string, 'sha1' | 'sha256' | 'sha384' | 'sha512'>> = {
  [OID.sha1]: 'sha1',
  [OID.sha256]: 'sha256',
  [OID.sha384]: 'sha384',
  [OID.sha512]: 'sha512',
}

function checkMac(macData: Element, safe: Buffer, password: string): void {
  const members = new Members(macData, der.TAG.sequence)
  const info = new Members(members.take(), der.TAG.sequence)
  const digest = DIGESTS[algorithmValue(info.take()).oid]
  const expected = octets(info.take())
  const salt = octets(members.take())
  const iterations = members.optional(der.TAG.integer)
  if (!digest) throw new Fault('container-malformed', 'MAC is not supported')
  const mac = passwordMac(digest, password, salt, iterations ? smallInteger(iterations) : 1, safe)
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) throw new Fault('container-malformed', 'MAC')
}

function dataOf(contentInfo: Element): Buffer {
  const members = new Members(contentInfo, der.TAG.sequence)
  if (oidValue(members.take()) !== OID.data) throw new Fault('container-malformed', 'content is not data')
  return octets(explicit(members.take(), 0))
}

function decrypted(encryptedData: Element, password: string): Buffer {
  const members = new Members(encryptedData, der.TAG.sequence)
  smallInteger(members.take())
  const content = new Members(members.take(), der.TAG.sequence)
  oidValue(content.take())
  const algorithm = algorithmValue(content.take())
  return decryptWithPassword(algorithm, octets(content.take(), der.contextTag(0, 'primitive')), password)
}

const keyOf = (pkcs8: Buffer) => createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })

function readBag(element: Element, password: string, found: Bags): void {
  const members = new Members(element, der.TAG.sequence)
  const type = oidValue(members.take())
  const value = explicit(members.take(), 0)
  if (type === OID.keyBag) found.keys.push(keyOf(value.bytes))
  if (type === OID.shroudedKeyBag) {
    const shrouded = new Members(value, der.TAG.sequence)
    const algorithm = algorithmValue(shrouded.take())
    found.keys.push(keyOf(decryptWithPassword(algorithm, octets(shrouded.take()), password)))
  }
  if (type === OID.certBag) {
    const certificate = new Members(value, der.TAG.sequence)
    if (oidValue(certificate.take()) === OID.x509Certificate) {
      found.certificates.push(certificateOf(octets(explicit(certificate.take(), 0))))
    }
  }
}
