import { describe, expect, it } from 'vitest'
import { tenantId } from '../../../shared/domain/index.ts'
import { plainMail } from '../../../test/support/mails.ts'
import { bytesOf } from '../../ports/bytes.ts'
import { parseMail } from '../parse/parse-mail.ts'
import { plainTenant } from '../tenant.ts'
import { statementOf } from './verdict-header.ts'

const tenant = plainTenant(tenantId('acme'), 'acme.example')

/** What is said of a mail nobody had to open, with this class. */
async function stateOf(from: string, inbound: boolean, classification: string | null = 'confidential') {
  const parsed = await parseMail(bytesOf(plainMail({ from })))
  const received = { source: bytesOf(Buffer.alloc(0)), parsed }
  return statementOf(tenant, { opened: null, inbound, received }, 'copy', classification)?.state
}

describe('mail from within the organisation', () => {
  it('is what people of ours sent, in their own name', async () => {
    expect(await stateOf('anna@acme.example', false)).toBe('internal')
    expect(await stateOf('Anna@ACME.example', false)).toBe('internal')
  })

  it('is not what a stranger sends, whoever stands in From', async () => {
    expect(await stateOf('bob@peer.example', true)).toBe('not-opened')
    expect(await stateOf('anna@acme.example', true)).toBe('not-opened')
  })

  it('is not what a mail server of ours hands on for somebody else', async () => {
    expect(await stateOf('bob@peer.example', false)).toBe('not-opened')
    expect(await stateOf('bob@acme.example.peer.example', false)).toBe('not-opened')
  })

  it('is not worth a word where it has the usual class', async () => {
    expect(await stateOf('anna@acme.example', false, null)).toBeUndefined()
  })
})
