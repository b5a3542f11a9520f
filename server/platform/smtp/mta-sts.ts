/** A domain's wish about TLS to its mail servers (RFC 8461 3.2). */
export interface StsPolicy {
  readonly mode: 'enforce' | 'testing' | 'none'
  /** Seconds from the fetch on. */
  readonly maxAge: number
  /** Host names, or `*.` and a domain. */
  readonly mx: readonly string[]
}

/** RFC 8461 3.2: a year, so that nobody is bound for good by one mistake. */
const MAX_AGE = 31_557_600

/** The id in the records at `_mta-sts`, or null when there is not exactly one good one (RFC 8461 3.1). */
export function stsId(records: readonly string[]): string | null {
  const ours = records.filter((text) => /^v=STSv1\s*(;|$)/.test(text))
  if (ours.length !== 1) return null
  const id = ours[0]!
    .split(';')
    .map((field) => /^\s*id\s*=\s*([A-Za-z0-9]{1,32})\s*$/.exec(field)?.[1])
    .find(Boolean)
  return id ?? null
}

/** The policy in a file's text; null when it is not one. Fields that are not known are passed over (RFC 8461 3.2). */
export function parseStsPolicy(text: string): StsPolicy | null {
  const first = new Map<string, string>()
  const mx: string[] = []
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue
    const [, name, value] = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (name === undefined || value === undefined) return null
    if (name === 'mx') mx.push(value.toLowerCase().replace(/\.$/, ''))
    else if (!first.has(name)) first.set(name, value)
  }
  const mode = first.get('mode')
  const age = first.get('max_age') ?? ''
  if (first.get('version') !== 'STSv1' || !/^\d{1,10}$/.test(age)) return null
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') return null
  if (!mx.every((host) => /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(host)))
    return null
  if (mx.length === 0 && mode !== 'none') return null
  return { mode, maxAge: Math.min(Number(age), MAX_AGE), mx }
}

/** Whether a mail server's name is one of the policy's; `*.` stands for exactly one label (RFC 8461 4.1). */
export function stsAllows({ mx }: StsPolicy, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '')
  return mx.some((pattern) =>
    pattern.startsWith('*.')
      ? name.slice(name.indexOf('.')) === pattern.slice(1) && !name.startsWith('.')
      : name === pattern,
  )
}
