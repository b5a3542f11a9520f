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
import { mailboxContract } from './mailbox.ts'

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

async function open(
  client: string,
  about: string,
  context = '',
): Promise<{ item: ComposeItem; pass(): Promise<void> }> {
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
  for (const until = Date.now() + PATIENCE; !page()?.probeReady; ) {
    if (Date.now() > until) throw new Error('office.js did not start')
    await new Promise((wait) => setTimeout(wait, 20))
  }
  const slowest = profile.latency + (about.includes('session data') ? profile.sessionDelay : 0)
  return {
    item: page()!.Office.context.mailbox.item,
    pass: () => new Promise((wait) => setTimeout(wait, slowest + 150)),
  }
}

let client = 'web'
let about = ''
mailboxContract({ open: (context) => open(client, about, context) })

const contract: InPage = {
  async run(wanted, name) {
    client = wanted
    about = name
    try {
      await cases.get(name)!()
      return null
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  },
}
Object.assign(window, { contract })
