import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from '../../server/config.ts'
import { sizeInWords } from '../../shared/policy/text/units.ts'
import { error, type Finding, ok, reason, warning } from './finding.ts'

/** When this was written; a clock before it is wrong. */
const EARLIEST = Date.UTC(2026, 0, 1)

export function checkNode(version = process.versions.node): Finding {
  if (Number(version.split('.')[0]) >= 24) return ok('node', version)
  return error('node', `Node ${version} is too old`, 'Node 24 or newer (npm ci brings it along)')
}

/** The folder of the data can be written and holds more than the reserve. */
export function checkDisk(config: Config): Finding[] {
  const { database, blobs } = config
  const places = new Set([
    config.dataDir,
    ...(database.kind === 'sqlite' ? [dirname(database.file)] : []),
    ...(blobs.kind === 'files' ? [blobs.root] : []),
  ])
  return [...places].map((place) => {
    // What is not there yet is made at the start, in the nearest folder that is.
    let at = place
    while (!existsSync(at) && dirname(at) !== at) at = dirname(at)
    try {
      accessSync(at, constants.W_OK)
      const { bavail, bsize } = statfsSync(at)
      const free = bavail * bsize
      if (free >= config.blobs.reserve) return ok('disk', `${place}: ${sizeInWords(free)} free`)
      return error(
        'disk',
        `${place}: only ${sizeInWords(free)} free, no mail is taken`,
        'make room, or lower blobs.reserve',
      )
    } catch (thrown) {
      return error(
        'disk',
        `${place} cannot be written (${reason(thrown)})`,
        'give the folder to the user that runs Secflow',
      )
    }
  })
}

/** Files that hold secrets are readable by their owner only. */
export function checkSecretFiles(file: string | null): Finding[] {
  if (file === null || process.platform === 'win32') return []
  const text = readFileSync(file, 'utf8')
  const references = [...text.matchAll(/\$\{file:([^}]+)\}/g)].map((match) => resolve(dirname(file), match[1]!))
  const secretInside = /^\s*(master|secret|password)\s*:\s*["']?(?!["']?\$\{file:)\S/m.test(text)
  const findings: Finding[] = []
  for (const path of new Set([...(secretInside ? [file] : []), ...references])) {
    if (/\.(crt|cer|cert)$|cert\.pem$/.test(path)) continue
    try {
      if ((statSync(path).mode & 0o077) !== 0) {
        findings.push(warning('secrets', `${path} can be read by others`, `chmod 600 ${path}`))
      }
    } catch {
      // that it is missing is the configuration's finding
    }
  }
  return findings.length > 0 ? findings : [ok('secrets', 'readable by their owner only')]
}

/** A clock that runs behind makes certificates and links wrong. */
export function checkClock(config: Config | null, file: string | null, now: number): Finding {
  const mend = 'set the clock, and keep it set (systemd-timesyncd, chrony)'
  if (now < EARLIEST) return error('clock', `it is not ${new Date(now).toISOString()}`, mend)
  const database = config?.database.kind === 'sqlite' ? config.database.file : null
  const files = [file, database].filter((path) => path !== null && existsSync(path)) as string[]
  const late = files.find((path) => statSync(path).mtimeMs > now + 60_000)
  if (late) return error('clock', `${late} was written in the future`, mend)
  return ok('clock', new Date(now).toISOString())
}
