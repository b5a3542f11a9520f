import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import BetterSqlite from 'better-sqlite3'
import type { BlobInfo, BlobKind } from '../../ports/blobs.ts'

export interface Moved extends BlobInfo {
  /** The pass that saw it in the source last. */
  readonly pass: number
}

export interface MoveJournal {
  /** Of this move, however often it is interrupted. */
  readonly id: string
  /** Counts this run's passes on from those of earlier runs. */
  nextPass(): number
  blob(tenant: string, kind: BlobKind, id: string): Moved | null
  /** Written and read back in the target. */
  proven(tenant: string, kind: BlobKind, id: string, info: Moved): void
  forget(tenant: string, kind: BlobKind, id: string): void
  totals(pass: number): { readonly blobs: number; readonly bytes: number }
  close(): void
  /** The move is over. */
  remove(): void
}

/**
 * What a move has done so far, in a file beside the source: an interrupted move goes on where it was, and the blobs that
 * are proven are not read again. `target` says where it goes; a move to elsewhere begins anew.
 */
export function openJournal(file: string, target: string): MoveJournal {
  const db = new BetterSqlite(file, { timeout: 2_000 })
  // What a power cut takes away is done again.
  db.pragma('synchronous = OFF')
  db.pragma('journal_mode = MEMORY')
  db.exec(`
    create table if not exists move (id text not null, target text not null, pass integer not null) strict;
    create table if not exists blob (
      tenant text not null, kind text not null, id text not null, size integer not null, sha256 text not null,
      pass integer not null, primary key (tenant, kind, id)
    ) strict, without rowid;
  `)
  let move = db.prepare<[], { id: string; target: string; pass: number }>('select * from move').get()
  if (move?.target !== target) {
    db.exec('delete from move; delete from blob')
    move = { id: randomUUID(), target, pass: 0 }
    db.prepare('insert into move values (@id, @target, @pass)').run(move)
  }
  let { pass } = move
  const find = db.prepare<[string, string, string], Moved>(
    'select size, sha256, pass from blob where tenant = ? and kind = ? and id = ?',
  )
  const write = db.prepare('insert or replace into blob values (?, ?, ?, ?, ?, ?)')
  const drop = db.prepare('delete from blob where tenant = ? and kind = ? and id = ?')
  const sum = db.prepare<[number], { blobs: number; bytes: number }>(
    'select count(*) as blobs, coalesce(sum(size), 0) as bytes from blob where pass = ?',
  )
  return {
    id: move.id,
    nextPass() {
      pass += 1
      db.prepare('update move set pass = ?').run(pass)
      return pass
    },
    blob: (tenant, kind, id) => find.get(tenant, kind, id) ?? null,
    proven: (tenant, kind, id, info) => void write.run(tenant, kind, id, info.size, info.sha256, info.pass),
    forget: (tenant, kind, id) => void drop.run(tenant, kind, id),
    totals: (at) => sum.get(at)!,
    close: () => db.close(),
    remove() {
      db.close()
      rmSync(file, { force: true })
    },
  }
}
