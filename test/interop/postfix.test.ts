/** A mail as it travels in an organisation: swaks, Postfix that submits, Secflow, Postfix that receives, maildir. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MessageId } from '../../shared/domain/index.ts'
import { selfSigned } from '../support/certificate.ts'
import { eventually } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { type Postfix, startPostfix } from '../support/postfix.ts'
import { hasTool } from '../support/tools.ts'

const AUTHOR = 'leitstelle@demo.example'
const reason = !hasTool('postfix')
  ? 'Postfix is not installed'
  : !hasTool('swaks') || !hasTool('/usr/share/doc/libnet-ssleay-perl/copyright')
    ? 'swaks with TLS is not installed'
    : process.getuid?.() !== 0
      ? 'Postfix needs root'
      : ''

describe.skipIf(reason !== '')(`Postfix on both sides${reason && ` (left out: ${reason})`}`, () => {
  let scratch: string
  let receiving: Postfix
  let tenant: OwnTenant
  let gateway: Gateway
  let submitting: Postfix

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'secflow-swaks-'))
    receiving = await startPostfix({
      domains: ['partner.example', 'demo.example', 'archive.example'],
      settings: {
        smtpd_recipient_restrictions:
          'check_recipient_access inline:{{nobody@partner.example = 550 5.1.1 No such user here}}, permit_mynetworks, reject',
      },
    })
    tenant = await ownTenant({ outside: 'http://127.0.0.1:9' })
    gateway = await startGateway({
      folder: tenant.folder,
      relayPort: receiving.port,
      settings: {
        ...tenant.settings({ relays: [{ name: 'postfix', cidr: ['127.0.0.1/32'] }] }),
        smtp: { port: 0, hostname: 'gateway.test.example', tls: selfSigned('gateway.test.example') },
      },
    })
    submitting = await startPostfix({ relayPort: gateway.smtpPort })
  })

  afterAll(async () => {
    submitting?.stop()
    await gateway?.[Symbol.asyncDispose]()
    receiving?.stop()
    tenant?.[Symbol.dispose]()
    rmSync(scratch, { recursive: true, force: true })
  })

  const swaks = (port: number, ...argv: readonly string[]) =>
    new Promise<{ code: number; talk: string }>((resolve) => {
      const all = ['--server', `127.0.0.1:${port}`, '--ehlo', 'client.test.example', '--from', AUTHOR, ...argv]
      execFile('swaks', all, (error, out) => resolve({ code: Number(error?.code ?? 0), talk: out }))
    })

  /** The first mail in the maildir that Postfix put there for `address` and that fits. */
  const arrived = (address: string, fits: (text: string) => boolean) =>
    eventually(`a mail to ${address}\n${receiving.log()}`, () =>
      receiving.mails().find((file) => {
        const text = readFileSync(file, 'latin1')
        return new RegExp(`^Delivered-To: ${address}\\r?$`, 'im').test(text) && fits(text)
      }),
    )

  /** Header of a file in the maildir (LF line ends), unfolded. */
  const headerOf = (file: string) =>
    readFileSync(file, 'latin1')
      .replaceAll('\r\n', '\n')
      .split('\n\n', 1)[0]!
      .replaceAll(/\n(?=[ \t])/g, '')

  it('submission, Secflow, Postfix, maildir: the recipient decrypts and verifies what the author wrote', async () => {
    const to = 'cert@partner.example'
    const sent = await swaks(
      submitting.port,
      '--to',
      to,
      '--header',
      'Subject: Through two servers',
      '--header',
      'X-Secflow-Classification: confidential',
      '--attach-type',
      'text/plain',
      '--attach-body',
      'What the author wrote.',
      '--attach-type',
      'application/pdf',
      '--attach-name',
      'Angebot.pdf',
      '--attach',
      '%PDF-1.7 an offer',
    )
    expect(sent).toMatchObject({ code: 0, talk: expect.stringContaining('250 2.0.0 Ok: queued') })

    const file = await arrived(to, (text) => text.includes('Through two servers'))
    expect(headerOf(file).match(/^Content-Type: (\S+?);/im)?.[1]).toBe('application/pkcs7-mime')
    expect(headerOf(file)).not.toMatch(/^x-secflow/im)
    // Trace: Postfix that delivered, Secflow, Postfix that took it over from swaks.
    const trace = headerOf(file)
      .split('\n')
      .filter((line) => line.startsWith('Received: '))
    expect(trace.map((line) => /by (\S+)/.exec(line)?.[1])).toEqual([
      'postfix.test.example',
      'gateway.test.example',
      'postfix.test.example',
    ])
    const { certificate, key } = tenant.files.peer(to)
    const inner = join(scratch, 'inner')
    execFileSync('openssl', ['cms', '-decrypt', '-in', file, '-recip', certificate, '-inkey', key, '-out', inner])
    const text = execFileSync('openssl', ['cms', '-verify', '-in', inner, '-CAfile', tenant.files.ca], {
      encoding: 'latin1',
      stdio: 'pipe',
    })
    expect(text).toContain('What the author wrote.')
    expect(text).toContain(Buffer.from('%PDF-1.7 an offer').toString('base64'))
    expect(text).toMatch(/filename="Angebot\.pdf"/)
  })

  it('a program that submits by itself: STARTTLS, AUTH, and its identity on record', async () => {
    const to = 'nothing@partner.example'
    const login = ['--auth', 'PLAIN', '--auth-user', AUTHOR, '--auth-password', gateway.password(AUTHOR)]
    const sent = await swaks(gateway.smtpPort, '-tls', ...login, '--to', to, '--header', 'Subject: By itself')
    expect(sent.code, sent.talk).toBe(0)
    expect(sent.talk).toMatch(/TLS started with cipher TLSv1\.3/)
    const id = /250 2\.0\.0 accepted ([0-9a-f-]{36})/.exec(sent.talk)?.[1] ?? ''
    expect(await gateway.settled(id)).toMatchObject([
      { address: to, state: 'delivered', detail: expect.stringContaining('250 2.0.0 Ok: queued as') },
    ])
    await using records = await gateway.records()
    expect((await records.read.message(id as MessageId))?.origin).toMatchObject({
      authenticated: 'auth',
      identity: AUTHOR,
      tls: 'TLSv1.3',
    })
    const file = await arrived(to, (text) => text.includes('By itself'))
    expect(headerOf(file)).toMatch(/by gateway\.test\.example with ESMTPSA id /)
    // Signed, and as it arrived through Postfix it still verifies.
    execFileSync(
      'openssl',
      ['cms', '-verify', '-in', file, '-CAfile', tenant.files.ca, '-out', join(scratch, 'verified')],
      { stdio: 'pipe' },
    )
  })

  it('a wrong password is refused', async () => {
    const login = ['--auth', 'LOGIN', '--auth-user', AUTHOR, '--auth-password', 'wrong']
    const { code, talk } = await swaks(gateway.smtpPort, '-tls', ...login, '--to', 'nothing@partner.example')
    expect(code).not.toBe(0)
    expect(talk).toContain('535 5.7.8 ')
  })

  it('a recipient that the last hop refuses comes back to the author as a report; the other one gets the mail', async () => {
    const sent = await swaks(
      submitting.port,
      '--to',
      'nobody@partner.example,nothing@partner.example',
      '--header',
      'Subject: To two',
    )
    expect(sent.code, sent.talk).toBe(0)
    await arrived('nothing@partner.example', (text) => text.includes('Subject: To two'))
    const report = readFileSync(await arrived(AUTHOR, (text) => text.includes('multipart/report')), 'latin1')
    expect(report).toMatch(/^Return-Path: <>\r?$/m)
    expect(report).toMatch(/report-type="?delivery-status/)
    expect(report).toMatch(/^Final-Recipient: rfc822; ?nobody@partner\.example\r?$/m)
    expect(report).toMatch(/^Action: failed\r?$/m)
    expect(report).toMatch(/^Status: 5\.1\.1\r?$/m)
    expect(report).toMatch(/^Diagnostic-Code: smtp; ?550 5\.1\.1 .*No such user here/m)
    expect(report).toContain('Subject: To two')
    expect(report.match(/^Final-Recipient:/gm)).toHaveLength(1)
  })
})
