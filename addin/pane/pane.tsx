import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { openSignIn, readConfig } from '../sign-in/index.ts'
import { openService } from './api/service.ts'
import { Compose } from './compose/compose.tsx'
import { asker } from './host/ask.ts'
import { openDraft } from './host/draft.ts'
import { EVENT, type OfficeItem, type OfficeTheme, type PaneOffice } from './host/office.ts'
import { watchOpening } from './host/opened.ts'
import { openOffline } from './offline/offline.ts'
import { Empty } from './parts/empty.tsx'
import { Guard } from './parts/guard.tsx'
import { Notice } from './parts/notice.tsx'
import { applyTheme, keepSetting, readSetting, SETTINGS, type Setting, themeOf } from './theme/theme.ts'
import type { Language, Words } from './words/words.ts'

const Read = lazy(() => import('./read/read.tsx'))

interface Around {
  readonly office: PaneOffice | null
  readonly language: Language
  readonly words: Words
}

/** Chooses the screen for what is open in Outlook, and follows its theme. */
export function Pane({ office, language, words }: Around) {
  const { item, visit } = useItem(office)
  const [setting, setSetting] = useTheme(office)
  const user = office?.context?.mailbox?.userProfile?.emailAddress ?? null
  const service = useMemo(
    () =>
      openService(async () => {
        const config = await readConfig(user)
        return config && openSignIn(config, { hint: user })
      }, language),
    [user, language],
  )
  const offline = useMemo(() => openOffline(service, user, language), [service, user, language])
  const ask = useMemo(() => asker(), [])
  // Another visit is another mail, even through the same object.
  const draft = useMemo(
    () => (office && item && isDraft(item) ? openDraft(office, item, ask) : null),
    [office, item, ask, visit],
  )
  const watchAlerts = useMemo(
    () => (opened: () => void) => (office && item ? watchOpening(office, item, ask, opened) : () => undefined),
    [office, item, ask, visit],
  )
  return (
    <div className="pane">
      {!office ? (
        <main>
          <Empty icon="shield" {...words.noOffice} />
        </main>
      ) : !item ? (
        <main>
          <Empty icon="mail" {...words.noItem} />
        </main>
      ) : draft ? (
        <Compose
          key={visit}
          draft={draft}
          watchAlerts={watchAlerts}
          service={service}
          offline={offline}
          words={words}
        />
      ) : (
        <Guard otherwise={<Notice intent="info">{words.trouble.offline.title}</Notice>}>
          <Suspense>
            <Read key={visit} item={item} ask={ask} service={service} words={words} />
          </Suspense>
        </Guard>
      )}
      <aside className="themes">
        <label>
          {words.settings.theme}
          <select value={setting} onChange={(event) => setSetting(event.target.value as Setting)}>
            {SETTINGS.map((one) => (
              <option key={one} value={one}>
                {words.settings[one]}
              </option>
            ))}
          </select>
        </label>
      </aside>
    </div>
  )
}

const isDraft = ({ subject }: OfficeItem) => typeof subject === 'object' && subject !== null && 'getAsync' in subject

interface Open {
  readonly item: OfficeItem | null
  /** Counts the mails: clients may show another through the same object. */
  readonly visit: number
}

/** The mail that is open; a pinned pane sees others come and go. */
function useItem(office: PaneOffice | null): Open {
  const mailbox = office?.context?.mailbox
  const [open, setOpen] = useState<Open>(() => ({ item: mailbox?.item ?? null, visit: 0 }))
  useEffect(() => {
    try {
      mailbox?.addHandlerAsync?.(EVENT.item, () =>
        setOpen(({ visit }) => ({ item: mailbox.item ?? null, visit: visit + 1 })),
      )
    } catch {
      // A client without pinned panes.
    }
  }, [mailbox])
  return open
}

function useTheme(office: PaneOffice | null): readonly [Setting, (setting: Setting) => void] {
  const [setting, setSetting] = useState(readSetting)
  const [colors, setColors] = useState<OfficeTheme | undefined>(office?.context?.officeTheme)
  useEffect(() => {
    const system = matchMedia('(prefers-color-scheme: dark)')
    const apply = () => applyTheme(themeOf(setting, colors, system.matches))
    apply()
    system.addEventListener('change', apply)
    return () => system.removeEventListener('change', apply)
  }, [setting, colors])
  useEffect(() => {
    try {
      // What the event says: the property of the context lags behind.
      office?.context?.mailbox?.addHandlerAsync?.(EVENT.theme, (event) => setColors(event.officeTheme))
    } catch {
      // Before Mailbox 1.14 a pane learns of no change.
    }
  }, [office])
  return [
    setting,
    (chosen) => {
      keepSetting(chosen)
      setSetting(chosen)
    },
  ]
}
