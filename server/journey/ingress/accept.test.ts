import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Envelope, type Origin, tenantId } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { memoryBlobs } from '../../../test/support/memory-blobs.ts'
import { memoryStore } from '../../../test/support/memory-store.ts'
import { messageId } from '../../platform/ids.ts'
import { noMetrics, silentLog } from '../../ports/log.ts'
import { IN_ROW } from '../../ports/store.ts'
import { createAcceptor } from './accept.ts'
import type { AcceptLimits } from './receive.ts'

const tenant = tenantId('acme')
const envelope: Envelope = {
  mailFrom: 'ann@acme.example',
  recipients: [{ address: 'bob@partner.example' }, { address: 'cy@partner.example' }],
  body: '7BIT',
  smtputf8: false,
  requireTls: false,
}
const origin: Origin = {
  channel: 'smtp',
  authenticated: 'auth',
  identity: 'ann',
  peer: '192.0.2.7',
  helo: 'laptop',
  tls: 'TLSv1.3',
}

function setup(limits: Partial<AcceptLimits> = {}, freeBytes: number | null = null) {
  const store = memoryStore()
  const blobs = memoryBlobs({ freeBytes })
  const acceptor = createAcceptor({
    store,
    blobs,
    clock: { now: Date.now },
    ids: () => messageId(Date.now()),
    name: 'gw.acme.example',
    log: silentLog,
    metrics: noMetrics,
    limits,
  })
  const accept = (
    text: string | Buffer,
    changes: { envelope?: Partial<Envelope>; origin?: Partial<Origin>; step?: number } = {},
  ) => {
    const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text)
    const step = changes.step ?? 7
    return acceptor.accept({
      tenant,
      envelope: { ...envelope, ...changes.envelope },
      origin: { ...origin, ...changes.origin },
      content: (async function* () {
        for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
      })(),
    })
  }
  return { store, blobs, acceptor, accept, spool: () => [...store.contents(), ...blobs.bytes.values()].map(String) }
}

async function code(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'accepted'
  } catch (error) {
    return (error as Fault).code
  }
}

const MAIL =
  'Date: Mon, 23 Nov 2026 04:28:03 +0000\r\nMessage-ID: <a@b>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n'
/** More than stands in a row. */
const LONG = MAIL + `${'x'.repeat(70)}\r\n`.repeat(IN_ROW / 72)

describe('accept', () => {
  it('stores the message byte for byte after our trace field, with row, job and audit', async () => {
    const { accept, store, spool } = setup()
    const { id, size } = await accept(MAIL)
    const [stored] = spool()
    expect(stored!.endsWith(MAIL)).toBe(true)
    const front = stored!.slice(0, -MAIL.length)
    expect(front).toMatch(
      /^Received: from laptop \(\[192\.0\.2\.7\]\)\r\n\t\(using TLSv1\.3\)\r\n\tby gw\.acme\.example with ESMTPSA id /,
    )
    expect(front).not.toContain('bob@')
    expect(front).not.toContain('Message-ID')
    const message = (await store.tenant(tenant).read.message(id))!
    expect(message).toMatchObject({ state: 'accepted', rfcMessageId: 'a@b', subject: 'Grüße', size, blob: id })
    expect(message.digest).toBe(createHash('sha256').update(stored!).digest('hex'))
    expect((await store.tenant(tenant).read.recipients(id)).map((r) => [r.address, r.state])).toEqual([
      ['bob@partner.example', 'pending'],
      ['cy@partner.example', 'pending'],
    ])
    expect(store.jobs()).toMatchObject([{ queue: 'process', message: id, step: 'process', state: 'ready', tenant }])
    expect(await store.tenant(tenant).read.audit({ limit: 9 })).toMatchObject([
      { type: 'message.accepted', message: id, actor: 'ann' },
    ])
  })

  it('adds Message-ID and Date to a submission, and to nothing else', async () => {
    const own = setup()
    const { id } = await own.accept('Subject: x\r\n\r\nHello\r\n')
    expect(own.spool()[0]).toMatch(
      /\r\nMessage-ID: <[^>]+@gw\.acme\.example>\r\nDate: [^\r]+ \+0000\r\nSubject: x\r\n\r\nHello/,
    )
    expect((await own.store.tenant(tenant).read.message(id))!.rfcMessageId).toBe(`${id}@gw.acme.example`)
    const stranger = setup()
    await stranger.accept('Subject: x\r\n\r\nHello\r\n', { origin: { authenticated: 'none' } })
    expect(stranger.spool()[0]).not.toMatch(/Message-ID|Date:/)
  })

  it.each(['\r\nno header at all\r\n', 'Subject: no body\r\n', 'Subject: no line end', ''])(
    'takes %j however it is cut',
    async (text) => {
      for (const step of [1, 2, 3, 100]) {
        const { accept, spool } = setup()
        await accept(text, { step, origin: { authenticated: 'none' } })
        const expected = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`
        expect(spool()[0]!.replace(/^Received: [\s\S]*?\+0000\r\n/, '')).toBe(expected)
      }
    },
  )

  it.each<[string, string | Buffer, Parameters<ReturnType<typeof setup>['accept']>[1]?, Partial<AcceptLimits>?]>([
    ['bare-line-end', 'Subject: x\n\r\nHello\r\n'],
    ['bare-line-end', `${MAIL}x\ry\r\n`],
    ['nul-byte', `${MAIL}x\0y\r\n`],
    ['line-too-long', `${MAIL}${'x'.repeat(999)}\r\n`],
    ['header-8bit', 'Subject: Grüße\r\n\r\nHello\r\n'],
    ['header-malformed', Buffer.from('Subject: \xff\r\n\r\nHello\r\n', 'latin1'), { envelope: { smtputf8: true } }],
    ['header-malformed', 'Subject: x\r\nno field\r\n\r\nHello\r\n'],
    ['header-malformed', ' folded\r\nSubject: x\r\n\r\nHello\r\n'],
    ['header-too-large', `X: ${'y'.repeat(900)}\r\n`.repeat(3), {}, { headerBytes: 2_000 }],
    ['header-too-large', `X: ${'y'.repeat(900)}\r\n`.repeat(3).concat('\r\n'), { step: 9_999 }, { headerBytes: 2_000 }],
    ['message-too-large', `${MAIL}${'x'.repeat(300)}\r\n`, {}, { messageBytes: 300 }],
    ['loop-detected', `${'Received: from a by b; now\r\n'.repeat(51)}\r\nHello\r\n`],
    ['too-many-recipients', MAIL, {}, { recipients: 1 }],
    ['request-invalid', MAIL, { envelope: { recipients: [] } }],
  ])('refuses with %s and leaves nothing (%#)', async (expected, text, changes, limits) => {
    const { accept, store, spool } = setup(limits)
    expect(await code(accept(text, changes))).toBe(expected)
    expect(spool()).toEqual([])
    expect(store.jobs()).toEqual([])
    expect(await store.tenant(tenant).read.messages({ limit: 9 })).toEqual([])
  })

  it('takes UTF-8 headers with SMTPUTF8 and records that the content is 8-bit', async () => {
    const { accept, store } = setup()
    const { id } = await accept('Subject: Grüße\r\n\r\nHello\r\n', { envelope: { smtputf8: true } })
    expect(await store.tenant(tenant).read.message(id)).toMatchObject({
      subject: 'Grüße',
      envelope: { body: '8BITMIME' },
    })
  })

  it.each([
    ['short', MAIL],
    ['long', LONG],
  ])('leaves nothing of a %s mail when the database refuses', async (_, mail) => {
    const { accept, store, spool } = setup()
    store.failCommit(new Fault('store-unavailable'))
    expect(await code(accept(mail))).toBe('store-unavailable')
    expect(spool()).toEqual([])
    expect(store.jobs()).toEqual([])
    expect(await code(accept(mail))).toBe('accepted')
    expect(spool()).toHaveLength(1)
  })

  it('keeps a short mail in its row, a long one as a blob, and either whole', async () => {
    const { accept, store, blobs } = setup()
    const { read } = store.tenant(tenant)
    const { id: short } = await accept(MAIL)
    expect(blobs.bytes.size).toBe(0)
    expect(String(await read.content(short)).endsWith(MAIL)).toBe(true)
    const { id: long } = await accept(LONG)
    expect(String(blobs.bytes.get(`${tenant}/spool/${long}`)).endsWith(LONG)).toBe(true)
    expect(await read.content(long)).toBe(null)
    for (const [id, text] of [
      [short, store.contents()[0]!],
      [long, [...blobs.bytes.values()][0]!],
    ] as const) {
      const { digest, size } = (await read.message(id))!
      expect({ digest, size }).toEqual({ digest: createHash('sha256').update(text).digest('hex'), size: text.length })
    }
  })

  it('takes no mail into a row when it would eat the reserve of the disk', async () => {
    const { accept, spool } = setup({ reserveBytes: 1_000 }, 1_000 + MAIL.length)
    expect(await code(accept(MAIL))).toBe('disk-full')
    expect(spool()).toEqual([])
  })

  it('refuses before the reserve of the disk is touched', async () => {
    const { acceptor } = setup({ reserveBytes: 1_000, messageBytes: 5_000 }, 1_500)
    expect(await code(acceptor.admit(500))).toBe('accepted')
    expect(await code(acceptor.admit(501))).toBe('disk-full')
    expect(await code(acceptor.admit(5_001))).toBe('message-too-large')
  })

  it('gives a mangled greeting no way into the trace field', async () => {
    const { accept, spool } = setup()
    await accept(MAIL, { origin: { helo: 'evil (x) by me; \u00e9 for <bob@partner.example>', peer: '2001:db8::1' } })
    expect(spool()[0]!.split('\r\n')[0]).toBe(
      'Received: from evil__x__by_me____for__bob_partner.example_ ([IPv6:2001:db8::1])',
    )
  })
})
