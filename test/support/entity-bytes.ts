import type { Entity } from '../../server/mime/entity.ts'
import { writeEntity } from '../../server/mime/write.ts'

/** The whole entity as it stands on the wire. */
export async function entityBytes(entity: Entity): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(writeEntity(entity)))
}

/** An entity from its text; LF becomes CRLF. */
export function entityOf(text: string): Entity {
  const canonical = text.replaceAll(/\r?\n/g, '\r\n')
  const split = canonical.indexOf('\r\n\r\n')
  const lines = canonical.slice(0, split).split('\r\n')
  return {
    header: lines.map((line) => ({
      name: line.slice(0, line.indexOf(':')).toLowerCase(),
      raw: Buffer.from(line),
    })),
    async *body() {
      yield Buffer.from(canonical.slice(split + 4))
    },
  }
}
