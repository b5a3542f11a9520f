/** The thread that copies the WAL into the database: one PASSIVE checkpoint for each message, on a connection of its own. */
import { parentPort, workerData } from 'node:worker_threads'
import BetterSqlite from 'better-sqlite3'

/** What one pass found, in frames; or what SQLite said. */
export type Pass = { readonly log: number; readonly done: number } | { readonly failed: string; readonly text: string }

const connection = new BetterSqlite((workerData as { file: string }).file, { fileMustExist: true, timeout: 100 })
// NORMAL: the WAL is flushed before the database is written, the database before the WAL may be used again.
connection.pragma('synchronous = NORMAL')
connection.pragma('wal_autocheckpoint = 0')
const passive = connection.prepare<[], { log: number; checkpointed: number }>('pragma wal_checkpoint(passive)')

parentPort?.on('message', (wanted: 'pass' | 'close') => {
  if (wanted === 'close') {
    connection.close()
    parentPort?.close()
    return
  }
  parentPort?.postMessage(pass())
})

function pass(): Pass {
  try {
    const { log, checkpointed } = passive.get()!
    return { log, done: checkpointed }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return { failed: code ?? '', text: message }
  }
}
