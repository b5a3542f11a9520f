/** What a server's processes cost, read from Linux's /proc. */
import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks of /proc are hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10

interface Entry {
  readonly pid: number
  readonly parent: number
  /** Own time and that of children that ended, ms. */
  readonly cpuMs: number
}

function entries(): Entry[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      // The command's name stands in brackets and may hold anything, spaces too.
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0)
      return [{ pid: Number(name), parent: Number(fields[1]), cpuMs: ticks * TICK_MS }]
    } catch {
      return []
    }
  })
}

function tree(root: number): Entry[] {
  const all = entries()
  const inside = new Set([root])
  for (let grown = true; grown; ) {
    grown = false
    for (const { pid, parent } of all) {
      if (!inside.has(pid) && inside.has(parent)) {
        inside.add(pid)
        grown = true
      }
    }
  }
  return all.filter(({ pid }) => inside.has(pid))
}

/** Processor time of a process and all below it so far, ms. */
export const cpuOf = (root: number): number => tree(root).reduce((sum, { cpuMs }) => sum + cpuMs, 0)

/** Memory of a process and all below it, bytes; pages that several share are divided among them (PSS). */
export function memoryOf(root: number): number {
  return tree(root).reduce((sum, { pid }) => {
    try {
      return sum + Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024
    } catch {
      return sum
    }
  }, 0)
}
