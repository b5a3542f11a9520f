import { SignInError } from './error.ts'
import { type Answer, type Carrier, PAGE, parseAnswer, type Question, stateFor, writeQuestion } from './question.ts'
import type { OfficeDialogs, Surroundings } from './surroundings.ts'

/** Nobody takes longer to sign in; codes are good for minutes only. */
const PATIENCE_MS = 5 * 60_000
const LOOK_MS = 500
/** Office's dialog: closed by the user; no window, because the browser or the user did not allow one. */
const CLOSED = 12006

/**
 * Opens the window, and answers with what the provider said to this question; anything else that is said to this page is not
 * heard. Raises `blocked`, `cancelled` and `unreachable` (the window came nowhere).
 */
export async function ask(question: Omit<Question, 'state'>, random: string, around: Surroundings): Promise<Answer> {
  const carrier: Carrier = around.dialogs ? 'office' : 'window'
  const state = stateFor(carrier, random)
  const url = `${around.base}${PAGE}#${writeQuestion({ ...question, state })}`
  const answer = around.dialogs ? await byOffice(around.dialogs, url, state) : await byWindow(around, url, state)
  if (answer.error === 'unreachable') throw new SignInError('unreachable', 'the provider')
  return answer
}

function byOffice(dialogs: OfficeDialogs, url: string, state: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    dialogs.displayDialogAsync(url, { height: 60, width: 30, promptBeforeOpen: false }, ({ status, error, value }) => {
      if (status !== 'succeeded') {
        reject(new SignInError('blocked', `Office ${error?.code ?? ''}`))
        return
      }
      const late = setTimeout(() => end(() => reject(new SignInError('cancelled', 'nobody signed in'))), PATIENCE_MS)
      let ended = false
      function end(then: () => void) {
        if (ended) return
        ended = true
        clearTimeout(late)
        then()
      }
      value.addEventHandler('dialogMessageReceived', ({ message }) => {
        const answer = parseAnswer(message)
        if (answer?.state !== state) return
        end(() => {
          value.close()
          resolve(answer)
        })
      })
      value.addEventHandler('dialogEventReceived', (event) =>
        end(() =>
          reject(new SignInError(event.error === CLOSED ? 'cancelled' : 'unreachable', `Office ${event.error ?? ''}`)),
        ),
      )
    })
  })
}

function byWindow({ open, listen, origin }: Surroundings, url: string, state: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const opened = open(url, 'popup,width=520,height=680')
    if (!opened) {
      reject(new SignInError('blocked'))
      return
    }
    const since = Date.now()
    const stop = listen((message) => {
      const answer = message.origin === origin ? parseAnswer(message.data) : null
      if (answer?.state !== state) return
      end()
      resolve(answer)
    })
    const look = setInterval(() => {
      if (!opened.closed && Date.now() - since < PATIENCE_MS) return
      end()
      reject(new SignInError('cancelled'))
    }, LOOK_MS)
    function end() {
      clearInterval(look)
      stop()
      opened?.close()
    }
  })
}
