const SIZE = /^(\d{1,12}(?:\.\d{1,3})?)\s?(B|KB|MB|GB)?$/i
const FACTOR: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }

/** Bytes of `25MB`, `1.5 GB`, `300` (KB = 1024 bytes); null when it is no size. */
export function sizeInBytes(text: string): number | null {
  const match = SIZE.exec(text.trim())
  if (!match) return null
  return Math.round(Number(match[1]) * (FACTOR[(match[2] ?? 'B').toUpperCase()] ?? 1))
}

const DURATION = /^(\d{1,6})(s|m|h|d|w)$/
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Seconds of `90s`, `30m`, `12h`, `14d`, `2w`; null when it is no duration. */
export function durationInSeconds(text: string): number | null {
  const match = DURATION.exec(text.trim())
  return match ? Number(match[1]) * (SECONDS[match[2] ?? ''] ?? 0) : null
}

const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

/** Epoch milliseconds of an ISO 8601 date (midnight UTC) or date-time with zone; null for anything else. */
export function instant(text: string): number | null {
  if (!INSTANT.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : at
}

/** `26214400` -> `25 MB`, for sentences. */
export function sizeInWords(bytes: number): string {
  for (const unit of ['GB', 'MB', 'KB'] as const) {
    const factor = FACTOR[unit] ?? 1
    if (bytes >= factor) return `${Number((bytes / factor).toFixed(1))} ${unit}`
  }
  return `${bytes} B`
}
