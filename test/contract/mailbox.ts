/**
 * What the add-in takes for granted of a mailbox, and what every mailbox it is tested against has to do: the typed fake, and any
 * host that drives the real Office.js.
 */
import * as vitest from 'vitest'
import type { AsyncResult, ComposeItem, Done } from '../../addin/launch/host.ts'
import type { OfficeItem } from '../../addin/pane/host/office.ts'

export interface MailboxUnderTest {
  /** A new draft from anna@demo.example to bob@partner.example, subject Offer, in a client that knows Mailbox 1.11 at least. */
  open(context?: string): Promise<OpenedDraft>
}

export interface OpenedDraft {
  readonly item: ComposeItem
  /** Until something was answered, and as long again as a second answer would take that nobody wants. */
  pass(answered: () => boolean): Promise<void>
  /** Until session data that was written can be read: on a Mac that is later than the answer. */
  settle(): Promise<void>
}

/** Characters of a header, name and value together, and of all session data of an item. */
const HEADER_MAX = 998
const SESSION_MAX = 50_000

/** Who runs the cases: vitest, or what stands for it in a page. */
export type Runner = Pick<typeof vitest, 'expect'> & { it(name: string, run: () => Promise<void>): void }

export function mailboxContract({ open }: MailboxUnderTest, { it, expect }: Runner = vitest): void {
  /** The one answer to a call. */
  async function said<T>(start: (item: ComposeItem, done: Done<T>) => void, on?: OpenedDraft) {
    const { item, pass } = on ?? (await open())
    const answers: AsyncResult<T>[] = []
    start(item, (answer) => void answers.push(answer))
    expect(answers, 'answers come later').toHaveLength(0)
    await pass(() => answers.length > 0)
    expect(answers).toHaveLength(1)
    return answers[0]!
  }
  const set = (headers: Record<string, string>) => (item: ComposeItem, done: Done<unknown>) =>
    item.internetHeaders!.setAsync!(headers, done)
  const get = (names: string[]) => (item: ComposeItem, done: Done<Readonly<Record<string, string>>>) =>
    item.internetHeaders!.getAsync!(names, done)
  const lower = (value: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(value).map(([name, text]) => [name.toLowerCase(), text]))

  it('tells who is written to, by whom and about what', async () => {
    expect(await said((item, done) => item.to!.getAsync!(done))).toMatchObject({
      status: 'succeeded',
      value: [{ emailAddress: 'bob@partner.example' }],
    })
    expect(await said((item, done) => item.cc!.getAsync!(done))).toMatchObject({ status: 'succeeded', value: [] })
    expect(await said((item, done) => item.subject!.getAsync!(done))).toMatchObject({ value: 'Offer' })
    expect(await said((item, done) => item.from!.getAsync!(done))).toMatchObject({
      value: { emailAddress: 'anna@demo.example' },
    })
    expect(await said((item, done) => item.getAttachmentsAsync!(done))).toMatchObject({ value: [] })
  })

  it('gives headers back that were set, and leaves out those it does not know', async () => {
    const draft = await open()
    expect(await said(set({ 'X-Secflow-Stamp': 'none', 'X-Other': 'a b' }), draft)).toMatchObject({
      status: 'succeeded',
    })
    const { value } = await said(get(['X-Secflow-Stamp', 'X-Other', 'X-Nowhere']), draft)
    expect(lower(value)).toEqual({ 'x-secflow-stamp': 'none', 'x-other': 'a b' })
  })

  it('replaces a header that is set again', async () => {
    const draft = await open()
    for (const value of ['one', 'two']) await said(set({ 'X-Secflow-Stamp': value }), draft)
    expect(lower((await said(get(['x-secflow-stamp']), draft)).value)).toEqual({ 'x-secflow-stamp': 'two' })
  })

  it('takes 998 characters, and throws at one more, at nothing and at what is no text', async () => {
    const name = 'X-Secflow-Stamp'
    const longest = 'x'.repeat(HEADER_MAX - name.length)
    expect(await said(set({ [name]: longest }))).toMatchObject({ status: 'succeeded' })
    const { item } = await open()
    for (const headers of [{ [name]: `${longest}x` }, {}, { [name]: 7 as unknown as string }])
      expect(() => set(headers)(item, () => {})).toThrow()
  })

  it('says what a Smart Alert said when it opened the pane, and nothing for its button', async () => {
    const context = (item: ComposeItem, done: Done<string>) => (item as OfficeItem).getInitializationContextAsync!(done)
    expect((await said(context)).value ?? '').toEqual('')
    const opened = await open('{"secflow":"stop"}')
    expect(await said(context, opened)).toMatchObject({ status: 'succeeded', value: '{"secflow":"stop"}' })
  })

  it('keeps session data, knows a key it does not have, and refuses too much', async () => {
    const draft = await open()
    const read = (item: ComposeItem, done: Done<string>) => item.sessionData!.getAsync!('secflow', done)
    const write = (text: string) => (item: ComposeItem, done: Done<unknown>) =>
      item.sessionData!.setAsync!('secflow', text, done)
    expect(await said(read, draft)).toMatchObject({ status: 'failed', error: { code: 9050 } })
    expect(await said(write('{}'), draft)).toMatchObject({ status: 'succeeded' })
    await draft.settle()
    expect(await said(read, draft)).toMatchObject({ status: 'succeeded', value: '{}' })
    expect(await said(write('x'.repeat(SESSION_MAX + 1)), draft)).toMatchObject({
      status: 'failed',
      error: { code: 9051 },
    })
    await draft.settle()
    expect(await said(read, draft)).toMatchObject({ value: '{}' })
  })
}
