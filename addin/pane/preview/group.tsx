import { Button } from '@fluentui/react-components'
import { useState } from 'react'
import type { Extra, Fate, Group } from '../compose/outlook.ts'
import { Icon, type IconName } from '../parts/icon.tsx'
import type { Words } from '../words/words.ts'

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
  readonly words: Words
}

export function GroupCard({ group, stale, offline, words }: Card) {
  const { fate, members, text, reasons, extras } = group
  // Without a connection every fact is missing, and nobody can mend that here.
  const missing = offline ? group.missing.filter(({ field }) => !field.includes('.')) : group.missing
  const [shown, setShown] = useState(FIRST)
  const { preview } = words
  const { icon, tone } = LOOKS[fate]
  const said = preview.fates[fate]
  const rest = members.length - shown
  return (
    <li className={`group ${tone}${stale ? ' stale' : ''}`}>
      <div className="head">
        <Icon name={icon} className="fate" />
        <h3>{said.title}</h3>
        <span className="count">{preview.people(members.length)}</span>
      </div>
      <p className="soft small">{text ?? (fate === 'defer' && offline ? preview.deferOffline : said.text)}</p>
      <ul className={`members small${shown > FIRST ? ' long' : ''}`} {...(shown > FIRST ? { tabIndex: 0 } : {})}>
        {members.slice(0, shown).map(({ person: { name, address, field }, external }) => (
          <li key={`${field} ${address}`}>
            <bdi>{name}</bdi>
            {name !== address && <bdi className="soft">{address}</bdi>}
            {field === 'bcc' && <span className="tag">{preview.fields.bcc}</span>}
            {external && <span className="tag">{preview.external}</span>}
          </li>
        ))}
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
      return extra.phone === null ? (preview.password[extra.channel] ?? extra.channel) : preview.passwordTo(extra.phone)
    case 'links': {
      const text = preview.links(extra.files, extra.days)
      return extra.secondFactor ? `${text} · ${preview.linksSecondFactor}` : text
    }
  }
}
