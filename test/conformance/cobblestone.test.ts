/** Wycheproof c2sp_chunked_encryption_aes_256_gcm_test: every vector decides as it must. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openSealed } from '../../server/journey/transform/filelink/cobblestone.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import { Fault } from '../../shared/fault/index.ts'

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly key: string
  readonly ctx: string
  /** zlib, then hex. */
  readonly ct: string
  readonly msgSha512: string
  readonly msgLength: number
  readonly result: 'valid' | 'invalid'
}

const vectors = process.env.SECFLOW_VECTORS ?? join(import.meta.dirname, '../../../shared/vectors')
const file = join(vectors, 'wycheproof/c2sp_chunked_encryption_aes_256_gcm_test.json')

if (!existsSync(file)) {
  const verdict = process.env.CI === 'true' ? test : test.skip
  verdict(`Cobblestone-256: the vectors are not at ${file}`, () => expect.fail('vectors missing'))
} else {
  const groups = (JSON.parse(readFileSync(file, 'utf8')) as { testGroups: { tests: Vector[] }[] }).testGroups
  const all = groups.flatMap((group) => group.tests)

  describe('Cobblestone-256', () => {
    test('the file holds valid and invalid vectors', () => {
      expect(all.filter((vector) => vector.result === 'valid').length).toBeGreaterThanOrEqual(10)
      expect(all.filter((vector) => vector.result === 'invalid').length).toBeGreaterThanOrEqual(25)
    })

    test.each(all.map((vector) => [vector.tcId, vector.result, vector.comment, vector] as const))(
      'vector %i is %s: %s',
      async (_id, _result, _comment, vector) => {
        const open = async () => {
          const sealed = bytesOf(inflateSync(Buffer.from(vector.ct, 'hex')))
          const plain = await openSealed(Buffer.from(vector.key, 'hex'), Buffer.from(vector.ctx, 'hex'), sealed)
          const hash = createHash('sha512')
          for await (const piece of plain.stream()) hash.update(piece)
          return { size: plain.size, sha512: hash.digest('hex') }
        }
        if (vector.result === 'valid') {
          expect(await open()).toEqual({ size: vector.msgLength, sha512: vector.msgSha512 })
        } else {
          await expect(open()).rejects.toBeInstanceOf(Fault)
        }
      },
    )
  })
}
