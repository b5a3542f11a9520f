import { createPublicKey, type KeyObject } from 'node:crypto'
import forge from 'node-forge'
import { Fault } from '../../shared/fault/index.ts'
import type { IssuedCertificate } from './authority.ts'
import { certificateOf } from './certificate.ts'

/** 1 MiB: a key, a certificate and a long chain need some 20 KiB. */
const LARGEST = 1_048_576

/**
 * Reads a PKCS#12 file (RFC 7292) of an administrator: RSA key, its certificate and chain as PEM, the leaf first. Cold
 * path in pure JavaScript on the event loop: never for files from strangers, whose iteration count it would obey.
 * Raises `key-unusable`, with the same text for a wrong password and a damaged file. Elliptic-curve keys come as PEM.
 */
export function importPkcs12(file: Uint8Array, password: string): IssuedCertificate {
  if (file.length > LARGEST) throw new Fault('key-unusable', 'the PKCS#12 file is larger than 1 MiB')
  let keys: readonly forge.pki.PrivateKey[]
  let chain: readonly forge.pki.Certificate[]
  try {
    const asn1 = forge.asn1.fromDer(Buffer.from(file).toString('binary'))
    const bags = forge.pkcs12.pkcs12FromAsn1(asn1, password).safeContents.flatMap(({ safeBags }) => safeBags)
    keys = bags.flatMap(({ key }) => (key ? [key] : []))
    chain = bags.flatMap(({ cert }) => (cert ? [cert] : []))
  } catch (cause) {
    throw new Fault('key-unusable', 'the PKCS#12 file does not open', { cause })
  }
  const [key] = keys
  if (!key || keys.length > 1) throw new Fault('key-unusable', 'exactly one RSA key is needed')
  const privateKey = forge.pki.privateKeyInfoToPem(forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key)))
  const pems = chain.map((certificate) => forge.pki.certificateToPem(certificate))
  const leaf = pems.find((pem) => certificateOf(pem).publicKey.equals(publicKeyOf(privateKey)))
  if (!leaf) throw new Fault('key-unusable', 'the file has no certificate for its key')
  return { certificate: [leaf, ...pems.filter((pem) => pem !== leaf)].join(''), privateKey }
}

/** Writes a PKCS#12 file for another mail program: AES-256, PBKDF2, HMAC-SHA-1 as every reader knows it. RSA only. */
export function exportPkcs12(identity: IssuedCertificate, name: string, password: string): Buffer {
  try {
    const key = forge.pki.privateKeyFromPem(identity.privateKey)
    const chain = identity.certificate.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    const asn1 = forge.pkcs12.toPkcs12Asn1(
      key,
      chain.map((pem) => forge.pki.certificateFromPem(pem)),
      password,
      {
        algorithm: 'aes256',
        count: 100_000,
        friendlyName: name,
      },
    )
    return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'binary')
  } catch (cause) {
    throw new Fault('key-unusable', 'only an RSA key can be exported', { cause })
  }
}

function publicKeyOf(privateKey: string): KeyObject {
  return createPublicKey(privateKey)
}
