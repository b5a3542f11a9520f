/** A mail program that people use opens our PGP/MIME: mutt with GPGME. It has no way to encrypt without a terminal. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generatePgpKey, pgpEncryptEntity, pgpSignEntity } from '../../server/journey/transform/openpgp/index.ts'
import type { Entity } from '../../server/mime/entity.ts'
import type { PgpIdentity } from '../../server/ports/keyring.ts'
import { entityBytes, entityOf } from '../support/entity-bytes.ts'
import { type Gpg, startGpg } from '../support/gpg.ts'

const run = promisify(execFile)
const time = Math.floor(Date.now() / 1000) * 1000 - 5000
const inner = entityOf(
  'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe.\n',
)
let gnupg: Gpg
let stranger: Gpg
let key: PgpIdentity

beforeAll(async () => {
  gnupg = await startGpg()
  stranger = await startGpg()
  key = await generatePgpKey({ name: 'Ada', address: 'ada@clinic.example', time, kind: 'ecc' })
  await gnupg.trust(key.armoredPrivate)
})

afterAll(async () => {
  await gnupg[Symbol.asyncDispose]()
  await stranger[Symbol.asyncDispose]()
})

/** What mutt shows of a mail, decoded, to somebody with this keyring. */
async function shown(entity: Entity, { home, path }: Gpg): Promise<string> {
  const head = 'From ada@clinic.example Fri Nov 20 12:00:00 2026\nFrom: ada@clinic.example\nMIME-Version: 1.0\n'
  const wire = (await entityBytes(entity)).toString('latin1').replaceAll('\r\n', '\n')
  await writeFile(path('box'), `${head}${wire}\n`, 'latin1')
  const settings = [
    'crypt_use_gpgme=yes',
    'mbox_type=mbox',
    'pipe_decode=yes',
    'wait_key=no',
    'move=no',
    'charset=utf-8',
  ]
  await writeFile(path('muttrc'), `${settings.map((line) => `set ${line}`).join('\n')}\nset folder=${home}\n`)
  const keys = `push "<pipe-message>cat > ${path('shown')}<enter><exit>"`
  const mutt = `mutt -n -F ${path('muttrc')} -f ${path('box')} -e '${keys}'`
  const env = { ...process.env, GNUPGHOME: home, HOME: home, TERM: 'xterm', LC_ALL: 'C.UTF-8' }
  await run('script', ['-qec', mutt, '/dev/null'], { env, timeout: 30_000 })
  return readFile(path('shown'), 'utf8')
}

test('an encrypted and signed mail shows its words to its reader and nobody else', { timeout: 60_000 }, async () => {
  const sealed = async () => pgpEncryptEntity(inner, [key.armoredPublic], { sign: key, time })
  expect(await shown(await sealed(), gnupg)).toContain('Grüße.')
  expect(await shown(await sealed(), stranger)).not.toContain('Grüße.')
})

test('a signed mail shows its words', { timeout: 60_000 }, async () => {
  expect(await shown(await pgpSignEntity(inner, key, { time }), gnupg)).toContain('Grüße.')
})
