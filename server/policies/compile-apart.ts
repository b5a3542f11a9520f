import { Worker } from 'node:worker_threads'
import { type LoadedPolicy, loadingCanonical, loadPolicy, type PolicyFile } from '../../shared/policy/index.ts'
import { inTurns } from '../threads/turn.ts'
import type { Checked } from './compile-thread.ts'
import { sha256 } from './native.ts'

const SCRIPT = new URL(import.meta.url.endsWith('.ts') ? './compile-thread.ts' : './compile-thread.js', import.meta.url)
/** Up to that many characters reading takes less time than starting a thread. */
const SMALL = 32_768
/** Enough for the largest policy that a bundle may carry. */
const HEAP_MB = 1024

/**
 * As `loadPolicy`, with the files read and checked in a thread of their own: of many rules only the checked form is compiled
 * here, a tenth of the work, in slices. Places of findings are those of the files; places in the policy itself are not kept. Raises
 * what ends the thread.
 */
export async function compileApart(files: readonly PolicyFile[]): Promise<LoadedPolicy> {
  if (files.reduce((sum, { text }) => sum + text.length, 0) <= SMALL) return loadPolicy(files, { sha256 })
  const { diagnostics, canonical } = await checkedApart(files)
  if (canonical.length === 0) return { policy: null, diagnostics, canonical }
  const loaded = await inTurns(loadingCanonical(canonical, { sha256 }))
  if (!loaded?.policy) throw new Error('the checked form of a policy cannot be read')
  return { policy: loaded.policy, diagnostics, canonical }
}

function checkedApart(files: readonly PolicyFile[]): Promise<Checked> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(SCRIPT, {
      workerData: { files },
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    })
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', (code) => reject(new Error(`the thread that reads a policy ended (${code})`)))
  })
}
