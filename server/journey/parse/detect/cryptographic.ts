import { type Content, type Detect, type Detected, headText } from './content-type.ts'

/** Encrypted and signed containers: CMS (RFC 5652), OpenPGP (RFC 9580), PKCS#12. */
export const detectCryptographic: Detect = (content) => pgpArmor(content) ?? cms(content) ?? pgpBinary(content)

const CMS_TYPES: Readonly<Record<string, Detected>> = {
  '2a864886f70d010702': { type: 'p7s', encrypted: false },
  '2a864886f70d010703': { type: 'p7m', encrypted: true },
  '2a864886f70d010706': { type: 'p7m', encrypted: true },
  '2a864886f70d0109100117': { type: 'p7m', encrypted: true },
  '2a864886f70d0109100109': { type: 'p7z' },
}

/** ContentInfo: SEQUENCE { OBJECT IDENTIFIER ...; PFX: SEQUENCE { INTEGER 3 ... (RFC 7292 4). */
function cms({ head }: Content): Detected | null {
  if (head[0] !== 0x30 || head.length < 16) return null
  const length = head[1]!
  const at = length < 0x80 ? 2 : length === 0x80 ? 2 : 2 + (length & 0x7f)
  if (head[at] === 0x02 && head[at + 1] === 0x01 && head[at + 2] === 0x03) return { type: 'p12', encrypted: true }
  if (head[at] !== 0x06) return null
  return CMS_TYPES[head.toString('hex', at + 2, at + 2 + (head[at + 1] ?? 0))] ?? null
}

function pgpArmor(content: Content): Detected | null {
  const kind = /^-----BEGIN PGP ([A-Z ,0-9/]{3,40})-----/.exec(headText(content))?.[1]
  if (kind === undefined) return null
  if (kind.startsWith('MESSAGE')) return { type: 'pgp', encrypted: true }
  if (kind.startsWith('SIGNATURE') || kind.startsWith('SIGNED')) return { type: 'sig' }
  return kind.endsWith('KEY BLOCK') ? { type: 'pgpkey' } : null
}

/** A public-key or symmetric-key encrypted session key packet of a known version begins a message (RFC 9580 5.1, 5.3). */
function pgpBinary({ head }: Content): Detected | null {
  const tag = head[0] ?? 0
  if ((tag & 0x80) === 0 || head.length < 12) return null
  const modern = (tag & 0x40) !== 0
  const kind = modern ? tag & 0x3f : (tag >> 2) & 0x0f
  const lengthBytes = modern ? (head[1]! < 192 ? 1 : head[1]! < 224 ? 2 : 5) : [1, 2, 4, 0][tag & 3]!
  const version = head[1 + lengthBytes]
  const algorithm = head[1 + lengthBytes + (version === 3 ? 9 : 1)]
  if (kind === 1 && version === 3 && algorithm !== undefined && [1, 2, 16, 18, 25, 26].includes(algorithm)) {
    return { type: 'pgp', encrypted: true }
  }
  if (kind === 3 && (version === 4 || version === 5) && algorithm !== undefined && algorithm >= 1 && algorithm <= 13) {
    return { type: 'pgp', encrypted: true }
  }
  return null
}
