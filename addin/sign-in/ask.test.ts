import { describe, expect, it } from 'vitest'
import { ask } from './ask.ts'
import { readQuestion } from './question.ts'
import type { OfficeDialog, Surroundings } from './surroundings.ts'

const QUESTION = { domain: 'klinik.example', hint: 'anna@klinik.example', nonce: 'n', challenge: 'c', again: false }

type Hear = Parameters<OfficeDialog['addEventHandler']>[1]

/** Office's dialog, in the hand of the test. */
function office(status = 'succeeded') {
  const handlers = new Map<string, Hear>()
  const dialog = { url: '', closed: false }
  const around = {
    base: 'https://mail.example/addin/',
    origin: 'https://mail.example',
    dialogs: {
      displayDialogAsync(url: string, _options: object, opened: (result: object) => void) {
        dialog.url = url
        opened({
          status,
          error: { code: 12009 },
          value: {
            addEventHandler: (type: string, hear: Hear) => handlers.set(type, hear),
            close: () => {
              dialog.closed = true
            },
          },
        })
      },
    },
  } as unknown as Surroundings
  const say = (message: unknown) => handlers.get('dialogMessageReceived')!({ message: JSON.stringify(message) })
  const end = (error: number) => handlers.get('dialogEventReceived')!({ error })
  return { around, dialog, say, end }
}

describe("Office's dialog", () => {
  it('is told the question, and its answer to that very question is heard', async () => {
    const { around, dialog, say } = office()
    const answering = ask(QUESTION, 'random', around)
    const { origin, pathname, hash } = new URL(dialog.url)
    expect([origin, pathname]).toEqual(['https://mail.example', '/addin/sign-in.html'])
    expect(readQuestion(hash)).toEqual({ ...QUESTION, state: 'office.random' })
    say({ state: 'office.guessed', code: 'stolen' })
    say('no answer at all')
    say({ state: 'office.random', code: 'code' })
    expect(await answering).toEqual({ state: 'office.random', code: 'code' })
    expect(dialog.closed).toBe(true)
  })

  it.each([
    [12006, 'cancelled'],
    [12002, 'unreachable'],
  ])('that ends with %i is %s', async (error, code) => {
    const { around, end } = office()
    const answering = ask(QUESTION, 'random', around)
    end(error)
    await expect(answering).rejects.toMatchObject({ code })
  })

  it('that does not open, and a window that a browser does not open, are blocked', async () => {
    await expect(ask(QUESTION, 'random', office('failed').around)).rejects.toMatchObject({ code: 'blocked' })
    const none = { base: 'https://mail.example/addin/', dialogs: null, open: () => null } as unknown as Surroundings
    await expect(ask(QUESTION, 'random', none)).rejects.toMatchObject({ code: 'blocked' })
  })

  it('says when it could not reach the provider', async () => {
    const { around, say } = office()
    const answering = ask(QUESTION, 'random', around)
    say({ state: 'office.random', error: 'unreachable' })
    await expect(answering).rejects.toMatchObject({ code: 'unreachable' })
  })
})
