import { hash, verify } from '@node-rs/argon2'
import { Fault } from '../../shared/fault/index.ts'

/** OWASP's minimum for argon2id (19 MiB, 2 passes, 1 lane): about 50 ms here. The library's default variant is argon2id. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** What the password of somebody unknown is compared with, so that it takes as long: a random one's, at the same cost. */
const NOBODY = '$argon2id$v=19$m=19456,t=2,p=1$alY1VC5nNA6gQRmNR7Rfxw$PJIyCZ5jm8qOhexyuiiaTxS3R0Omlln0Jh/SX73ZVuM'
/** Longer ones are no passwords; hashing them is work for an attacker's benefit. */
const LONGEST = 1024

export interface Passwords {
  /** argon2id in PHC string format. Raises `request-invalid` for an empty or overlong password, `rate-limited` under load. */
  hash(password: string): Promise<string>
  /**
   * Whether the password fits. `stored` null (nobody of this name, or one who cannot sign in) takes as long as a wrong
   * password and is false. Raises `rate-limited` when too many wait.
   */
  verify(stored: string | null, password: string): Promise<boolean>
}

/** Each hash takes a core and 19 MiB, so only `concurrent` run at once and at most `waiting` wait their turn. */
export function createPasswords(limits: { concurrent?: number; waiting?: number } = {}): Passwords {
  const { concurrent = 2, waiting = 200 } = limits
  const queue: (() => void)[] = []
  let running = 0

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= concurrent) {
      if (queue.length >= waiting) throw new Fault('rate-limited')
      // Whoever ends hands its place over, so `running` does not change here.
      await new Promise<void>((resolve) => queue.push(resolve))
    } else running += 1
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else running -= 1
    }
  }

  return {
    async hash(password) {
      if (password.length === 0 || password.length > LONGEST) throw new Fault('request-invalid', 'no usable password')
      return inTurn(() => hash(password, COST))
    },
    async verify(stored, password) {
      const against = stored?.startsWith('$argon2id$') ? stored : NOBODY
      return inTurn(async () => {
        const fits = await verify(against, password.slice(0, LONGEST)).catch(() => false)
        return fits && against === stored && password.length > 0 && password.length <= LONGEST
      })
    },
  }
}

/** The process-wide gate: every face of the server shares the two places. */
const { hash: hashPassword, verify: verifyPassword } = createPasswords()

export { hashPassword, verifyPassword }
