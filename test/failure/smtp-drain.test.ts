/** SIGTERM under load: nothing that was acknowledged is lost, nobody's DATA is cut off, and the process ends in time. */
import { expect, it } from 'vitest'
import type { MessageId } from '../../shared/domain/index.ts'
import { startGateway } from '../support/gateway.ts'
import { smtpClient } from '../support/smtp-client.ts'

const SENDERS = 20
const SLOW = 4
const HEADER = 'From: eve@stranger.example\r\nTo: v.kern@demo.example\r\nSubject: load\r\n\r\n'

it('drains: 421 for newcomers and idle sessions, running DATA to the end, exit 0', { timeout: 120_000 }, async () => {
  await using gateway = await startGateway()
  const acknowledged: string[] = []
  /** What a client saw that it should not have seen. */
  const broken: string[] = []
  let stopping = false
  let dismissed = 0

  const open = async () => {
    const client = await smtpClient(gateway.smtpPort)
    const greeting = await client.reply()
    if (greeting.startsWith('421')) dismissed++
    if (!greeting.startsWith('220')) return null
    await client.say('EHLO client.example')
    return client
  }

  /** Sends one mail after the other until it is dismissed; `pauseMs` stretches its DATA. */
  async function sender(pauseMs: number): Promise<void> {
    let inData = false
    try {
      for (;;) {
        const client = await open()
        if (!client) return
        for (;;) {
          const begun = ['MAIL FROM:<eve@stranger.example>', 'RCPT TO:<v.kern@demo.example>', 'DATA']
          let reply = ''
          for (const line of begun) {
            reply = await client.say(line)
            if (!/^[23]/.test(reply)) break
          }
          if (reply.startsWith('421')) {
            expect(reply).toMatch(/^421 4\.3\.2/)
            dismissed++
            break
          }
          expect(reply).toMatch(/^354/)
          inData = true
          client.write(HEADER)
          for (let piece = 0; piece < 10; piece++) {
            client.write(`${'x'.repeat(900)}\r\n`)
            if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs / 10))
          }
          client.write('.\r\n')
          const last = await client.reply()
          inData = false
          if (last.startsWith('250 ')) acknowledged.push(last.split(' ').at(-1)!)
          else broken.push(last)
        }
      }
    } catch (error) {
      if (inData || !stopping) broken.push(`${inData ? 'in DATA' : 'between mails'}: ${String(error)}`)
    }
  }

  const idle = await open()
  const senders = Array.from({ length: SENDERS }, (_, index) => sender(index < SLOW ? 3_000 : 0))
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  stopping = true
  const began = performance.now()
  const before = acknowledged.length
  const status = gateway.stop()
  expect(await idle!.reply()).toMatch(/^421 4\.3\.2/)
  await Promise.all(senders)
  expect(await status).toBe(0)
  expect(performance.now() - began).toBeLessThan(30_000)

  expect(broken).toEqual([])
  // The slow ones were in the middle of it, and were heard to the end.
  expect(acknowledged.length - before).toBeGreaterThanOrEqual(SLOW)
  expect(dismissed).toBeGreaterThanOrEqual(SENDERS)
  await using records = await gateway.records()
  for (const id of acknowledged) expect(await records.read.message(id as MessageId), id).not.toBeNull()
  console.info(
    `${acknowledged.length} acknowledged, all recorded; ended after ${(performance.now() - began).toFixed(0)} ms`,
  )
})
