import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../server/config.ts'
import { runCommand } from '../../test/support/command.ts'
import { startNameServer } from '../../test/support/name-server.ts'
import { registerInit } from '../init.ts'
import { checkDkim } from './dkim.ts'
import { findingIn } from './finding.ts'

const NAME = 's2026._domainkey.acme.example'

test('a key that init made is signed with, and doctor compares it with what is published', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'secflow-dkim-'))
  const names = await startNameServer({})
  try {
    const { out, code } = await runCommand(
      registerInit,
      ['init', '--domain', 'acme.example', '--dkim', 's2026', '--json'],
      cwd,
    )
    expect(code).toBe(0)
    const { dkim, written } = JSON.parse(out) as { dkim: { name: string; text: string }; written: string[] }
    expect(written).toContain('secrets/dkim-s2026.pem')
    expect(dkim).toMatchObject({ name: NAME, text: expect.stringMatching(/^v=DKIM1; k=rsa; p=MIIB/) })
    const config = loadConfig({ file: 'secflow.yaml', env: {}, cwd })
    expect(config.tenants[0]?.dkim).toMatchObject([
      {
        domain: 'acme.example',
        selector: 's2026',
        algorithm: 'rsa-sha256',
        key: readFileSync(join(cwd, 'secrets/dkim-s2026.pem'), 'utf8').trimEnd(),
      },
    ])
    const checked = () => checkDkim({ ...config, dns: { servers: [names.server], validating: false } })
    // TTL 0: the next look sees what was published meanwhile.
    const publish = (...texts: string[]) => {
      names.told[`TXT ${NAME}`] = {
        answers: texts.map((text) => ({ type: 'TXT', name: NAME, data: text.match(/.{1,200}/g)!, ttl: 0 }) as const),
      }
    }
    const missing = await checked()
    expect(missing).toMatchObject([{ check: `dkim ${NAME}`, status: 'error', text: 'no public key is published' }])
    expect(findingIn('en', missing[0]!).mend?.replaceAll('" "', '')).toContain(`${NAME}. IN TXT "${dkim.text}"`)
    publish(dkim.text)
    expect(await checked()).toMatchObject([{ status: 'ok' }])
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' })
    for (const [texts, words] of [
      [[`v=DKIM1; k=rsa; p=${other.toString('base64')}`], 'another key is published'],
      [['v=DKIM1; p='], 'revoked'],
      [[dkim.text, dkim.text], 'several keys'],
    ] as const) {
      publish(...texts)
      expect(await checked()).toMatchObject([{ status: 'error', text: expect.stringContaining(words) }])
    }
    publish(`${dkim.text}; t=y`)
    expect(await checked()).toMatchObject([{ status: 'warning' }])
    names.told[`TXT ${NAME}`] = { rcode: 'SERVFAIL' }
    expect(await checked()).toMatchObject([{ status: 'warning', text: expect.stringContaining('cannot be checked') }])
  } finally {
    await names.close()
    rmSync(cwd, { recursive: true, force: true })
  }
})
