/**
 * The runtime of classic Outlook: a script engine without a page, here a worker that has taken away what a page has. There is
 * no Office.js in it; the client brings its own, which asks this host for the same calls by the same numbers.
 */
import type { Parameters } from './answer.ts'
import { answerCall, asReply } from './calls.ts'
import type { Completion, FrameOptions } from './frame.ts'
import { createPace } from './pace.ts'

/** What the worker says. */
export type FromScript =
  | { readonly say: 'ready' }
  | { readonly say: 'call'; readonly id: number; readonly number: number; readonly given: Parameters }
  | { readonly say: 'completed'; readonly command: string; readonly completion: Completion }

/** What the worker hears. */
export type ToScript =
  | {
      readonly hear: 'start'
      readonly script: string
      readonly mailbox: number
      readonly language: string
      readonly user: string
    }
  | { readonly hear: 'answer'; readonly id: number; readonly reply: Readonly<Record<string, unknown>> }
  | { readonly hear: 'event'; readonly command: string; readonly handler: string }

const ANSWER_LATE = 5000
export const SCRIPT_ENGINE = '/simulator/script-engine.js'

export function openScript(options: Omit<FrameOptions, 'src' | 'title'> & { readonly script: string }): {
  run(handler: string, details: object): Promise<Completion>
  close(): void
} {
  const { scene, faults, user, language } = options
  const { profile } = scene
  const worker = new Worker(SCRIPT_ENGINE)
  const pace = createPace(profile.latency, profile.concurrency)
  const commands = new Map<string, (completion: Completion) => void>()
  const say = (message: ToScript) => worker.postMessage(message)
  let started = () => {}
  const ready = new Promise<void>((resolve) => {
    started = resolve
  })
  worker.addEventListener('message', ({ data }: MessageEvent<FromScript>) => {
    switch (data.say) {
      case 'ready':
        return started()
      case 'completed':
        commands.get(data.command)?.(data.completion)
        commands.delete(data.command)
        return
      case 'call': {
        const fault = faults.get(data.number)
        const reply = () =>
          fault === 'fails' ? { error: true, errorCode: 9042 } : asReply(answerCall(data.number, data.given, scene))
        const work = () => fault !== 'silent' && say({ hear: 'answer', id: data.id, reply: reply() })
        return pace(work, fault === 'late' ? ANSWER_LATE : 0)
      }
    }
  })
  say({ hear: 'start', script: options.script, mailbox: profile.mailbox, language, user: user.address })
  return {
    async run(handler) {
      await ready
      const command = crypto.randomUUID()
      return new Promise((resolve) => {
        commands.set(command, resolve)
        say({ hear: 'event', command, handler })
      })
    },
    close: () => worker.terminate(),
  }
}
