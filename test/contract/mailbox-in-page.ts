/**
 * The contract of a mailbox, bundled into the window of the simulator: it opens pages of an add-in in frames and makes its
 * calls on their office.js, so that wrong arguments throw at once, as they do for an add-in.
 */
import type { ComposeItem } from '../../addin/launch/host.ts'
import { openFrame } from '../../simulator/host/frame.ts'
import type { HostItem } from '../../simulator/host/item.ts'
import { newDraft } from '../../simulator/host/new-draft.ts'
import { clientById } from '../../simulator/profiles/clients.ts'
import { cases } from '../support/in-page-runner.ts'
import { mailboxContract, type OpenedDraft } from './mailbox.ts'

interface ProbeWindow extends Window {
  readonly probeReady?: boolean
  readonly Office: { readonly context: { readonly mailbox: { readonly item: ComposeItem } } }
}

export interface InPage {
  /** null, or what did not hold. */
  run(client: string, name: string): Promise<string | null>
}

const PATIENCE = 20_000
const anna = { name: 'Anna', address: 'anna@demo.example' }

const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms))

async function until(holds: () => boolean, otherwise: string): Promise<void> {
  for (const end = Date.now() + PATIENCE; !holds(); await wait(10)) if (Date.now() > end) throw new Error(otherwise)
}

async function open(client: string, context = ''): Promise<OpenedDraft> {
  const profile = clientById(client)
  const draft = newDraft({
    from: anna,
    to: [{ name: 'Bob', address: 'bob@partner.example', resolved: true }],
    subject: 'Offer',
  })
  draft.context = context
  const item: HostItem = { kind: 'compose', draft, changed() {} }
  const frame = openFrame({
    src: '/simulator/probe.html',
    title: 'probe',
    scene: { profile, item, roaming: new Map(), close() {} },
    user: anna,
    language: 'en-US',
    theme: 'light',
    tokens: async () => ({ token: '', seconds: 0 }),
    faults: new Map(),
  })
  document.body.append(frame.element)
  const page = () => frame.element.contentWindow as ProbeWindow | null
  await until(() => page()?.probeReady === true, 'office.js did not start')
  return {
    item: page()!.Office.context.mailbox.item,
    async pass(answered) {
      await until(answered, 'no answer')
      await wait(profile.latency + 20)
    },
    // The host's own timer runs in this window and began before ours.
    settle: () => wait(profile.sessionDelay),
  }
}

let client = 'web'
mailboxContract({ open: (context) => open(client, context) })

const contract: InPage = {
  async run(wanted, name) {
    client = wanted
    try {
      await cases.get(name)!()
      return null
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  },
}
Object.assign(window, { contract })
