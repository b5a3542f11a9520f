/** The thread that reads and checks the files of a policy: minutes of an administrator's mistake never stop mail. */
import { parentPort, workerData } from 'node:worker_threads'
import { type LoadedPolicy, loadPolicy, type PolicyFile } from '../../shared/policy/index.ts'
import { sha256 } from './native.ts'

/** What can be passed on to another thread. */
export type Checked = Pick<LoadedPolicy, 'diagnostics' | 'canonical'>

const { diagnostics, canonical } = loadPolicy((workerData as { readonly files: readonly PolicyFile[] }).files, {
  sha256,
})
parentPort?.postMessage({ diagnostics, canonical } satisfies Checked)
