import { Button } from '@fluentui/react-components'
import { useState } from 'react'
import { personKey } from '../compose/choice.ts'
import { type Extra, type Fate, type Group, wantsPhone } from '../compose/outlook.ts'
import { Icon, type IconName } from '../parts/icon.tsx'
import { late } from '../parts/late.tsx'
import type { Words } from '../words/words.ts'

const Phone = late(() => import('./phone.tsx'))

const LOOKS: Readonly<Record<Fate, { readonly icon: IconName; readonly tone: 'good' | 'fine' | 'warn' | 'bad' }>> = {
  reject: { icon: 'stop', tone: 'bad' },
  quarantine: { icon: 'hand', tone: 'bad' },
  hold: { icon: 'hand', tone: 'warn' },
  defer: { icon: 'clock', tone: 'warn' },
  smime: { icon: 'lock', tone: 'good' },
  pgp: { icon: 'key', tone: 'good' },
  pdf: { icon: 'file', tone: 'good' },
  portal: { icon: 'globe', tone: 'good' },
  tls: { icon: 'route', tone: 'fine' },
  plain: { icon: 'mail', tone: 'fine' },
}
/** Recipients that are shown at first, and how many more at a time: a page with thousands of lines is slow to everybody. */
const FIRST = 4
const MORE = 100

interface Card {
  readonly group: Group
  readonly stale: boolean
  readonly offline: boolean
  readonly numbers: Numbers
  readonly words: Words
}

/** Phone numbers of recipients, all by `personKey`. */
export interface Numbers {
  /** As typed. */
  readonly typed: ReadonlyMap<string, string>
  /** Those that have a number that counts. */
  readonly counting: ReadonlySet<string>
  choose(person: string, phone: string): void
}

export function GroupCard({ group, stale, offline, numbers, words }: Card) {
  const { fate, members, text, reasons, extras } = group
  // Without a connection every fact is missing, and nobody can mend that here.
  const missing = offline ? group.missing.filter(({ field }) => !field.includes('.')) : group.missing
  const [shown, setShown] = useState(FIRST)
  const { preview } = words
  const { icon, tone } = LOOKS[fate]
  const said = preview.fates[fate]
  const rest = members.length - shown
  const asksPhone = wantsPhone(group.missing)
  return (
    <li className={`group ${tone}${stale ? ' stale' : ''}`}>
      <div className="head">
        <Icon name={icon} className="fate" />
        <h3>{said.title}</h3>
        <span className="count">{preview.people(members.length)}</span>
      </div>
      <p className="soft small">{text ?? (fate === 'defer' && offline ? preview.deferOffline : said.text)}</p>
      <ul className={`members small${shown > FIRST ? ' long' : ''}`} {...(shown > FIRST ? { tabIndex: 0 } : {})}>
        {members.slice(0, shown).map(({ person: { name, address, field }, external }) => {
          const person = personKey(address ?? '')
          const typed = numbers.typed.get(person)
          return (
            <li key={`${field} ${address}`}>
              <bdi>{name}</bdi>
              {name !== address && <bdi className="soft">{address}</bdi>}
              {field === 'bcc' && <span className="tag">{preview.fields.bcc}</span>}
              {external && <span className="tag">{preview.external}</span>}
              {(asksPhone || typed !== undefined) && (
                <Phone
                  person={person}
                  name={name}
                  phone={typed ?? ''}
                  left={numbers.counting.has(person) ? null : words.phone[field === 'bcc' ? 'blind' : 'left']}
                  words={words}
                  choose={(phone) => numbers.choose(person, phone)}
                />
              )}
            </li>
          )
        })}
      </ul>
      {rest > 0 && (
        <div>
          <Button size="small" appearance="transparent" onClick={() => setShown(shown + MORE)}>
            {words.showMore(Math.min(rest, MORE))}
          </Button>
        </div>
      )}
      {(extras.length > 0 || missing.length > 0) && (
        <ul className="facts small">
          {extras.map((extra) => (
            <li key={JSON.stringify(extra)}>
              <Icon name={iconOf(extra)} />
              {extraText(extra, words)}
            </li>
          ))}
          {missing.map((one) => (
            <li key={one.field} className={tone === 'good' ? 'soft' : 'lacking'}>
              <Icon name={tone === 'good' ? 'info' : 'warning'} />
              <span>
                {preview.missing}: {one.text}
              </span>
            </li>
          ))}
        </ul>
      )}
      {reasons.length > 0 && (
        <details className="small">
          <summary>{words.why}</summary>
          <ul className="facts">
            {reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </details>
      )}
    </li>
  )
}

function iconOf({ kind }: Extra): IconName {
  if (kind === 'signed') return 'pen'
  if (kind === 'links') return 'link'
  return kind === 'password' ? 'phone' : 'receipt'
}

function extraText(extra: Extra, { preview }: Words): string {
  switch (extra.kind) {
    case 'signed':
    case 'receipt':
      return preview[extra.kind]
    case 'password':
      return preview.password[extra.channel] ?? extra.channel
    case 'links': {
      const text = preview.links(extra.files, extra.days)
      return extra.secondFactor ? `${text} · ${preview.linksSecondFactor}` : text
    }
  }
}
