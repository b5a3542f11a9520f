import { createHash, randomBytes } from 'node:crypto'
import { bodyLength, PACKET, packet, uint16, uint32 } from './packet.ts'
import type { PgpSigner, SignatureHash } from './signer.ts'

/** RFC 9580 9.5: hash ids and, for version 6, the salt sizes that go with them. */
const HASHES: Readonly<Record<SignatureHash, { id: number; salt: number }>> = {
  sha256: { id: 8, salt: 16 },
  sha512: { id: 10, salt: 32 },
}
const BINARY_DOCUMENT = 0
const MOST_KEPT = 65_536
const SUBPACKET = { creationTime: 2, issuerKeyId: 16, issuerFingerprint: 33 } as const

/** A signature over bytes that pass by: `onePass` before them, `update` for each piece, `packet` after the last. */
export interface RunningSignature {
  /** One-pass signature packet (RFC 9580 5.4), for a message that carries its own signature. */
  onePass(): Buffer
  update(bytes: Uint8Array): void
  /** Signature packet of type binary document (RFC 9580 5.2); ends the run. */
  packet(): Promise<Buffer>
}

/** Version 4 for a version 4 key, version 6 (salted) for a version 6 key. `time` is epoch ms. */
export function startSignature(signer: PgpSigner, hash: SignatureHash, time: number): RunningSignature {
  const { version, algorithm, fingerprint, keyId } = signer
  const { id, salt: saltSize } = HASHES[hash]
  const salt = version === 6 ? randomBytes(saltSize) : Buffer.alloc(0)
  const digest = createHash(hash).update(salt)
  const own = signer.hashesItself ? signer.startOwnHash(hash) : null
  own?.update(salt)

  // Small content is kept, so that a thread of the pool can sign it: RSA takes longer than all the rest.
  const { signData } = signer
  let kept: Buffer[] | null = signData ? [salt] : null
  let keptBytes = 0

  function update(bytes: Uint8Array) {
    digest.update(bytes)
    own?.update(bytes)
    keptBytes += bytes.length
    if (keptBytes > MOST_KEPT) kept = null
    kept?.push(Buffer.from(bytes))
  }

  function value(result: Buffer): Buffer | Promise<Buffer> {
    if (own) return own.sign()
    return signData && kept ? signData(hash, Buffer.concat(kept)) : signer.signDigest(hash, result)
  }

  return {
    onePass() {
      const fields = Buffer.of(version === 6 ? 6 : 3, BINARY_DOCUMENT, id, algorithm)
      const issuer = version === 6 ? Buffer.concat([Buffer.of(salt.length), salt, fingerprint]) : keyId
      return packet(PACKET.onePassSignature, Buffer.concat([fields, issuer, Buffer.of(1)]))
    },
    update,
    async packet() {
      const count = version === 6 ? uint32 : uint16
      const hashed = Buffer.concat([
        subpacket(SUBPACKET.creationTime, uint32(Math.floor(time / 1000))),
        subpacket(SUBPACKET.issuerFingerprint, Buffer.concat([Buffer.of(version), fingerprint])),
      ])
      const unhashed = version === 6 ? Buffer.alloc(0) : subpacket(SUBPACKET.issuerKeyId, keyId)
      const signed = Buffer.concat([Buffer.of(version, BINARY_DOCUMENT, algorithm, id), count(hashed.length), hashed])
      update(signed)
      update(Buffer.concat([Buffer.of(version, 0xff), uint32(signed.length)]))
      const result = digest.digest()
      return packet(
        PACKET.signature,
        Buffer.concat([
          signed,
          count(unhashed.length),
          unhashed,
          result.subarray(0, 2),
          version === 6 ? Buffer.concat([Buffer.of(salt.length), salt]) : Buffer.alloc(0),
          await value(result),
        ]),
      )
    },
  }
}

function subpacket(type: number, body: Uint8Array): Buffer {
  return Buffer.concat([bodyLength(body.length + 1), Buffer.of(type), body])
}
