/** Opening hours in a time zone; what `during` asks. */
export interface Schedule {
  readonly timezone: string
  readonly ranges: readonly HourRange[]
  /** `YYYY-MM-DD` in that zone. */
  readonly holidays: readonly string[]
}

export interface HourRange {
  /** Days of the week, 0 = Sunday. */
  readonly days: readonly number[]
  /** Minutes after midnight; `to` below `from` runs into the next day. */
  readonly from: number
  readonly to: number
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const RANGE = /^(?:(sun|mon|tue|wed|thu|fri|sat)(?:-(sun|mon|tue|wed|thu|fri|sat))?\s+)?(\d\d):(\d\d)-(\d\d):(\d\d)$/i

/** Reads `Mon-Fri 08:00-18:00`, `Sat 09:00-12:00`, `22:00-06:00` (every day); null when it is none of these. */
export function hourRange(text: string): HourRange | null {
  const match = RANGE.exec(text.trim())
  if (!match) return null
  const from = minutes(match[3], match[4])
  const to = minutes(match[5], match[6])
  if (from === null || to === null || from === to || from === 1440) return null
  const first = match[1] ? DAYS.indexOf(match[1].toLowerCase()) : 0
  const last = match[1] ? DAYS.indexOf((match[2] ?? match[1]).toLowerCase()) : 6
  const days: number[] = []
  for (let day = first; ; day = (day + 1) % 7) {
    days.push(day)
    if (day === last) break
  }
  return { days, from, to }
}

function minutes(hours: string | undefined, rest: string | undefined): number | null {
  const total = Number(hours) * 60 + Number(rest)
  return Number(rest) < 60 && total <= 1440 ? total : null
}

/** Whether Intl knows the zone (an IANA name). */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** A predicate on epoch milliseconds. A holiday closes its whole day; hours after midnight belong to the day they began on. */
export function scheduleTest(schedule: Schedule): (at: number) => boolean {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: schedule.timezone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const holidays = new Set(schedule.holidays)
  return (at) => {
    const parts = Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]))
    const date = `${parts['year']}-${parts['month']}-${parts['day']}`
    const day = DAYS.indexOf((parts['weekday'] ?? '').toLowerCase())
    const minute = Number(parts['hour']) * 60 + Number(parts['minute'])
    const eve = (day + 6) % 7
    return schedule.ranges.some((range) => {
      const within = range.from < range.to
      if (!holidays.has(date) && range.days.includes(day) && minute >= range.from && (!within || minute < range.to))
        return true
      return !within && range.days.includes(eve) && minute < range.to && !holidays.has(dayBefore(date))
    })
  }
}

function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10)
}
