import { CLIENTS, clientById } from '../profiles/clients.ts'
import type { Desk } from './desk.ts'
import { h, icon } from './elements.ts'
import { HOST_FAULTS, SERVER_FAULTS, type Settings } from './settings.ts'
import type { Words } from './words.ts'

const SERVER_WORDS: Readonly<Record<(typeof SERVER_FAULTS)[number], keyof Words>> = {
  '': 'none',
  offline: 'offline',
  slow: 'slow',
  '401': 'status401',
  '403': 'status403',
  '429': 'status429',
  '500': 'status500',
}
/** Ms by which attachments are named late, when that is wanted. */
const LATE = 3000

type HostChoice = '' | keyof typeof HOST_FAULTS | 'filesLate'

/** The line at the top: which client, which language, what is broken. */
export function topBar(
  desk: Desk,
  host: HostChoice,
  change: (settings: Partial<Settings>) => void,
  hostFault: (choice: HostChoice) => void,
): HTMLElement {
  const words = desk.words()
  const { profile, language, appearance, sendMode } = desk.settings
  return h(
    'header',
    { class: 'top' },
    h('a', { class: 'skip', href: '#work' }, words.skip),
    h('h1', { class: 'brand' }, icon('mail'), words.title),
    h(
      'div',
      { class: 'top-choices' },
      chooser(
        words.client,
        profile.id,
        CLIENTS.map(({ id, name }) => [id, name]),
        (id) => change({ profile: clientById(id) }),
      ),
      h(
        'details',
        { class: 'menu' },
        h('summary', {}, icon('tools'), words.faults),
        h(
          'div',
          { class: 'menu-content' },
          chooser(
            words.serverFault,
            window.secflowServerFault ?? '',
            SERVER_FAULTS.map((id) => [id, words[SERVER_WORDS[id]]]),
            (id) => {
              window.secflowServerFault = id
            },
          ),
          chooser(
            words.hostFault,
            host,
            [
              ['', words.none],
              ...(['headersFail', 'headersSilent', 'recipientsSilent', 'filesLate'] as const).map(
                (id) => [id, words[id]] as const,
              ),
            ],
            (id) => hostFault(id as HostChoice),
          ),
          chooser(
            words.sendMode,
            sendMode,
            (['softBlock', 'block'] as const).map((id) => [id, words[id]]),
            (id) => change({ sendMode: id === 'block' ? 'block' : 'softBlock' }),
          ),
        ),
      ),
      chooser(
        words.theme,
        appearance,
        [
          ['system', words.system],
          ['light', words.light],
          ['dark', words.dark],
        ],
        (id) => change({ appearance: id as Settings['appearance'] }),
      ),
      chooser(
        words.language,
        language,
        [
          ['de', 'Deutsch'],
          ['en', 'English'],
        ],
        (id) => change({ language: id === 'de' ? 'de' : 'en' }),
      ),
    ),
  )
}

/** Puts the fault in force that was chosen for the client, and takes the others back. */
export function applyHostFault(desk: Desk, choice: HostChoice): void {
  for (const [number] of Object.values(HOST_FAULTS)) desk.faults.delete(number)
  desk.filesLate = choice === 'filesLate' ? LATE : 0
  if (choice === '' || choice === 'filesLate') return
  const [number, fault] = HOST_FAULTS[choice]
  desk.faults.set(number, fault)
}

export type { HostChoice }

function chooser(
  label: string,
  value: string,
  options: readonly (readonly [string, string])[],
  chosen: (id: string) => void,
): HTMLElement {
  const select = h(
    'select',
    { on: { change: () => chosen(select.value) } },
    options.map(([id, name]) => h('option', { value: id, selected: id === value }, name)),
  )
  return h('label', { class: 'choice' }, h('span', {}, label), select)
}
