#!/usr/bin/env node
// Starts the command line on Node 24: itself when it is new enough, else the runtime that came with the package.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const script = fileURLToPath(import.meta.url)
const command = process.argv.slice(2)

/**
 * The server's young generation stays small: V8 lets it grow to 128 MB, and what a busy hour leaves there is memory that nobody
 * gets back (docs/decisions/0019). Whoever sets the flag in NODE_OPTIONS decides otherwise.
 */
const YOUNG = '--max-semi-space-size'
const chosen = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((option) => option.includes(YOUNG))
/** The heap may double before all of it is looked at: left alone, V8 waits until it has three times what is in use (0034). */
const GROWTH = '--heap-growing-percent=100'
/** Each thread's young objects are collected by the thread itself: of a few megabytes, helpers take longer to begin than to do. */
const ONE_SCAVENGER = '--no-parallel-scavenge'
const flags = command[0] === 'serve' && !chosen ? [`${YOUNG}=2`, GROWTH, ONE_SCAVENGER] : []

/**
 * How glibc keeps memory; it reads this when the process starts. It has a heap apart for every thread it can, and what streams
 * through one is not given back to the others. And once a large piece was freed it takes those of that size from the heap, too,
 * where small ones come to stand between them; from a fixed size on, below that of the slabs for larger mail, each has pages
 * of its own, which the system gets back when it is freed (docs/decisions/0019). Whoever sets them decides otherwise.
 */
const ALLOCATOR = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '1048576',
  MALLOC_TRIM_THRESHOLD_: '2097152',
}

/** The runtime of the platform package (an optional dependency), or null where there is none for this platform. */
function bundledNode() {
  const exe = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node'
  const platform = process.platform === 'win32' ? 'win' : process.platform
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/package.json`)
    const file = join(dirname(manifest), exe)
    return existsSync(file) ? file : null
  } catch {
    return null
  }
}

if (Number(process.versions.node.split('.')[0]) < 24) {
  const node = bundledNode()
  if (node === null) {
    process.stderr.write(
      `Secflow needs Node 24 or newer; this is ${process.versions.node}, and no bundled runtime is there for ${process.platform}-${process.arch}. Install Node 24 and try again.\n`,
    )
    process.exit(3)
  }
  const run = spawn(node, [...flags, script, ...command], {
    stdio: 'inherit',
    env: { ...ALLOCATOR, ...process.env },
  })
  // Who stops us means the one that works; Ctrl-C reaches both, and we wait for its drain.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => run.kill(signal))
  process.on('SIGINT', () => {})
  const [status] = await once(run, 'exit')
  process.exit(status ?? 3)
}

// The same process under these flags; Windows knows no such call and goes on without them.
if (flags.length > 0 && process.platform !== 'win32') {
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...flags, script, ...command], {
    ...ALLOCATOR,
    ...process.env,
  })
}

// The repository runs its sources; the package ships compiled JavaScript, because Node strips no types inside node_modules.
const source = join(here, '../cli/main.ts')
const { main } = await import(pathToFileURL(existsSync(source) ? source : join(here, '../dist/cli/main.js')).href)
await main(command)
