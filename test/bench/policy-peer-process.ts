/** One peer in a process of its own, so that no engine pays for another's heap or for what its code taught the compiler. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { checkAnswers, timed, warm } from './policy-measure.ts'
import { type Matcher, PEERS } from './policy-peers.ts'
import { benchRules, MANY, randomScenes, SCENES } from './policy-rules.ts'

/** Peers have no notion of recipients and their time is linear in them: one in `SHARE` of the many is measured. */
export const SHARE = 100
/** As `SHARE`, of the mails of a replay. */
export const REPLAY_SHARE = 100
export const REPLAYED = 100_000

type Task =
  | { readonly task: 'build'; readonly size: number }
  | { readonly task: 'warm' }
  | { readonly task: 'match'; readonly scenes: 'mail' | 'many'; readonly calls: number }
  | { readonly task: 'replay'; readonly size: number; readonly every: number }

/** Figures a task answers with: `build` ms, `warm` calls and ms a call, `match` us a call, `replay` us in all. */
type Answer = { readonly figures: readonly number[] } | { readonly error: string }

export class PeerProcess {
  readonly name: string
  readonly #child: ChildProcess

  constructor(name: string) {
    this.name = name
    this.#child = fork(import.meta.filename, [name])
  }

  /** Builds the rules anew and holds the answers to the plain evaluation; the time of the building, ms. */
  async build(size: number): Promise<number> {
    return (await this.#ask({ task: 'build', size }))[0]!
  }

  async warm(): Promise<{ readonly calls: number; readonly ms: number }> {
    const [calls, ms] = await this.#ask({ task: 'warm' })
    return { calls: calls!, ms: ms! }
  }

  async match(scenes: 'mail' | 'many', calls: number): Promise<number> {
    return (await this.#ask({ task: 'match', scenes, calls }))[0]! * (scenes === 'many' ? SHARE : 1)
  }

  /** Every so-many-th rule of `size`, in an old and a new version, on the mails of a replay; us. */
  async replay(size: number, every: number): Promise<number> {
    return (await this.#ask({ task: 'replay', size, every }))[0]! * REPLAY_SHARE
  }

  end(): void {
    this.#child.disconnect()
  }

  async #ask(task: Task): Promise<readonly number[]> {
    this.#child.send(task)
    const left = new AbortController()
    const exit = once(this.#child, 'exit', { signal: left.signal }).then(
      ([code]) => [{ error: `ended with ${code}` }],
      () => [{ error: 'asked no more' }],
    )
    const [answer] = (await Promise.race([once(this.#child, 'message'), exit])) as [Answer]
    left.abort()
    if ('error' in answer) throw new Error(`${this.name}: ${answer.error}`)
    return answer.figures
  }
}

/** The child's side. */
async function serve(name: string): Promise<void> {
  const peer = PEERS.find((one) => one.name === name)!
  let matcher: Matcher = () => []
  const few = MANY.slice(0, MANY.length / SHARE)
  const perform = async (task: Task): Promise<readonly number[]> => {
    switch (task.task) {
      case 'build': {
        const rules = benchRules(task.size)
        const began = performance.now()
        matcher = await peer.build(rules)
        const ms = performance.now() - began
        checkAnswers(name, await matcher(SCENES), SCENES, rules)
        return [ms]
      }
      case 'warm': {
        const { calls, ms } = await warm(() => matcher(SCENES))
        return [calls, ms]
      }
      case 'match': {
        const scenes = task.scenes === 'mail' ? SCENES : few
        return [await timed(() => matcher(scenes), task.calls)]
      }
      case 'replay': {
        const changed = benchRules(task.size).filter((_, i) => i % task.every === 0)
        const [before, after] = [await peer.build(changed), await peer.build(changed)]
        const scenes = randomScenes(REPLAYED / REPLAY_SHARE)
        return [await timed(async () => [await before(scenes), await after(scenes)], 1)]
      }
    }
  }
  process.on('message', async (task: Task) => {
    const answer = await perform(task).then(
      (figures): Answer => ({ figures }),
      (error): Answer => ({ error: String(error) }),
    )
    process.send?.(answer)
  })
}

if (process.argv[1] === import.meta.filename) await serve(process.argv[2]!)
