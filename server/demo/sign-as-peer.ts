/** What a correspondent's own mail client does before a mail leaves it: it signs, where its owner has a certificate. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { signEntity } from '../journey/transform/smime/index.ts'
import { contentEntity, outerFields } from '../mime/content-of.ts'
import { indexMime } from '../mime/index-mime.ts'
import { messageOf, writeEntity } from '../mime/write.ts'
import { bytesOf, gathered } from '../ports/bytes.ts'
import type { DemoFiles } from './tenant.ts'

/** The mail (7 bit, CRLF), signed with S/MIME by the correspondent `from`; unchanged for whoever has no certificate. */
export async function signAsPeer(mail: Buffer, from: string, files: DemoFiles): Promise<Buffer> {
  const { certificate, key } = files.peer(from)
  if (!existsSync(key)) return mail
  const identity = {
    certificate: new X509Certificate(await readFile(certificate)),
    chain: [],
    privateKey: createPrivateKey(await readFile(key)),
    gateway: false,
  }
  const source = bytesOf(mail)
  const index = await indexMime(source)
  const signed = signEntity(contentEntity(source, index), identity, { time: Date.now() })
  // The signed content brings its own MIME-Version.
  const outer = outerFields(index).filter(({ name }) => name !== 'mime-version')
  return gathered(writeEntity(messageOf(outer, signed)))
}
