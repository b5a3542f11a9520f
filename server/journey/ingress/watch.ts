import { Fault } from '../../../shared/fault/index.ts'
import { overdue, type Progress, type Standing } from './overdue.ts'
import type { PromptConnection, PromptServer } from './prompt-server.ts'
import type { SmtpLimits } from './smtp-options.ts'
import type { SessionState } from './transaction.ts'

/** From this part of all sessions on, strangers have less time to think. */
const CROWDED = 0.8

/**
 * Looks at every session now and then and ends those that are late (`overdue`). One timer for all: a thousand slow clients
 * cost a look at each in a second.
 */
export function watchSessions(
  server: PromptServer,
  limits: SmtpLimits,
  stateOf: (sessionId: string) => SessionState | undefined,
) {
  const progress = new WeakMap<PromptConnection, Progress>()
  const shortest = Math.min(limits.idleMs, limits.crowdedIdleMs, limits.progressMs, limits.handshakeMs)
  const every = Math.max(10, Math.min(1_000, shortest / 4))

  function look(): void {
    const now = performance.now()
    const crowded = server.open.size >= limits.connections * CROWDED
    for (const connection of server.open.values()) {
      const state = stateOf(connection.id)
      const seen = progress.get(connection) ?? { mark: null }
      progress.set(connection, seen)
      const stranger = state?.standing === 'stranger'
      const own = {
        ...limits,
        idleMs: crowded && stranger ? Math.min(limits.crowdedIdleMs, limits.idleMs) : limits.idleMs,
        sessionMs: stranger ? limits.sessionMs : Number.POSITIVE_INFINITY,
      }
      const code = overdue(now, standingOf(connection, state, now), seen, own)
      if (!code) continue
      if (code === 'session-timeout') giveUp(connection)
      else connection.dismiss(code)
    }
  }

  function giveUp(connection: PromptConnection): void {
    const content = connection._dataStream
    connection.dismiss('session-timeout')
    if (content) content.destroy(new Fault('session-timeout'))
  }

  const timer = setInterval(look, every).unref()
  return {
    /** The content of this session takes too long as a whole. */
    tooLong(sessionId: string): void {
      const connection = server.open.get(sessionId)
      if (connection) giveUp(connection)
    },
    stop: () => clearInterval(timer),
  }
}

function standingOf(connection: PromptConnection, state: SessionState | undefined, now: number): Standing {
  const { upgradingSince, input, waitingSince: since, startedAt } = connection
  if (connection._upgrading && upgradingSince !== null) return { phase: 'handshake', since: upgradingSince }
  if (connection._dataStream && input) {
    connection.waitingSince = now
    return input._dataMode
      ? { phase: 'content', received: input.received, held: input.held }
      : // All of it has come; now it is our turn.
        { phase: 'working' }
  }
  if (connection.working || !connection._ready) return { phase: 'working' }
  return { phase: 'command', since, startedAt, transaction: state?.mail != null }
}
