import type { Parameters, Scene } from './answer.ts'
import { answerNested, type TokenSource } from './auth.ts'
import { answerCall, asReply, type HostFault } from './calls.ts'
import { eventOf, themeEvent, type WindowTheme } from './events.ts'
import { initialData } from './initial-data.ts'
import type { ChangeDetail, DraftChange, Person } from './item.ts'
import { type OfficeRequest, readRequest, writeReply } from './message.ts'
import { createPace } from './pace.ts'

/** What `event.completed` was called with. */
export interface Completion {
  readonly allowEvent?: boolean
  readonly errorMessage?: string
  readonly errorMessageMarkdown?: string
  readonly cancelLabel?: string
  readonly commandId?: string
  readonly contextData?: string | object
  readonly sendModeOverride?: string
}

export interface FrameOptions {
  /** Page of the add-in. */
  readonly src: string
  readonly title: string
  readonly scene: Scene
  readonly user: Person
  /** `de-DE` and the like. */
  readonly language: string
  readonly theme: WindowTheme
  readonly tokens: TokenSource
  /** Faults that are wanted, by the number of the call. */
  readonly faults: ReadonlyMap<number, HostFault>
}

/** A page of the add-in in a frame, with the real Office.js in it and this host behind it. */
export interface OfficeFrame {
  readonly element: HTMLIFrameElement
  /** Office.js has started and takes commands. */
  readonly ready: Promise<void>
  /** Tells the page what changed, where it asked to be told. */
  tell(what: DraftChange, detail?: ChangeDetail): void
  showTheme(theme: WindowTheme): void
  /** Runs a handler that the page associated, and waits for its `event.completed`, however long that takes. */
  run(handler: string, details: object): Promise<Completion>
  close(): void
}

/** Settings for the overlay in the frame (see `frame/`). */
export interface OverlaySettings {
  readonly profile: Scene['profile']
  readonly theme: WindowTheme
}

const ANSWER_LATE = 5000
let conversations = 0

export function openFrame(options: FrameOptions): OfficeFrame {
  const { scene, user, language, faults } = options
  const conversation = `c${++conversations}`
  const registered = new Map<string, OfficeRequest>()
  const commands = new Map<string, (completion: Completion) => void>()
  const pace = createPace(scene.profile.latency, scene.profile.concurrency)
  let started = () => {}
  const ready = new Promise<void>((resolve) => {
    started = resolve
  })

  const element = document.createElement('iframe')
  element.title = options.title
  element.name = JSON.stringify({
    baseFrameName: conversation,
    hostInfo: `Outlook$Web$16.01$${language}$${conversation}$$disableLogging$0`,
    xdmInfo: `${conversation}|${conversation}|${location.origin}`,
    serializerVersion: '1',
    flights: '[]',
  })
  const settings: OverlaySettings = { profile: scene.profile, theme: options.theme }
  element.dataset.settings = JSON.stringify(settings)
  element.src = options.src

  const send = (text: string) => element.contentWindow?.postMessage(text, location.origin)
  const onMessage = (event: MessageEvent<unknown>) => {
    if (event.source !== element.contentWindow || event.origin !== location.origin) return
    const nested = nestedText(event.data)
    if (nested !== null) {
      answerNested(nested, user, options.tokens).then(
        (answer) =>
          answer !== null && element.contentWindow?.postMessage({ nestedAppAuthAnswer: answer }, location.origin),
        () => {},
      )
      return
    }
    const request = readRequest(event.data)
    if (request?.conversation === conversation) receive(request)
  }
  addEventListener('message', onMessage)

  function receive(request: OfficeRequest): void {
    const answer = (data: unknown) => send(writeReply(request, data))
    if (request.kind !== 'invoke') {
      if (request.kind === 'register') registered.set(request.action, request)
      else registered.delete(request.action)
      answer({ Error: 0 })
      if (request.action === 'appCommandInvoked') started()
      return
    }
    switch (request.action) {
      case 'ContextActivationManager_getAppContextAsync':
        answer(appContext())
        break
      case 'GetInitialData':
        answer(initialData(scene.item, user))
        break
      case 'ExecuteMethod':
        execute(request)
        break
      case 'executeMethod':
        answer({ Error: 0, Version: 1 })
        complete(request.data)
        break
      default:
        answer({})
    }
  }

  function execute(request: OfficeRequest): void {
    const { ApiParams, MethodData } = request.data as {
      readonly ApiParams?: Parameters
      readonly MethodData: { readonly DispatchId: number }
    }
    const number = MethodData.DispatchId
    const fault = faults.get(number)
    pace(
      () => {
        if (fault === 'silent') return
        const reply =
          fault === 'fails' ? { error: true, errorCode: 9042 } : asReply(answerCall(number, ApiParams ?? {}, scene))
        send(writeReply(request, reply))
      },
      fault === 'late' ? ANSWER_LATE : 0,
    )
  }

  /** The page says that a command is done. */
  function complete(data: unknown): void {
    const given = data as Readonly<Record<string, unknown>> & { readonly DdaMethod?: { readonly DispatchId?: number } }
    if (given.DdaMethod?.DispatchId !== COMMAND_DONE) return
    // A handler that is not there answers nothing: its script was not loaded.
    if (Number(given['1']) !== 0) return
    const command = String(given['0'])
    const said = JSON.parse(String(given['2'] || '{}')) as { readonly completedContext?: Completion }
    commands.get(command)?.(said.completedContext ?? {})
    commands.delete(command)
  }

  function appContext(): object {
    const { profile } = scene
    return {
      _id: conversation,
      _appName: OUTLOOK_WEB,
      _appVersion: '16.0',
      _appUILocale: language,
      _dataLocale: language,
      _docUrl: `${location.origin}/`,
      _clientMode: 0,
      _settings: Object.fromEntries(scene.roaming),
      _reason: 0,
      _osfControlType: 0,
      _eToken: '',
      _correlationId: conversation,
      _appInstanceId: conversation,
      _requirementMatrix: JSON.stringify({
        Mailbox: `1.${profile.mailbox}`,
        ...(profile.nestedAppAuth ? { NestedAppAuth: '1.1' } : {}),
      }),
      _hostFullVersion: '16.0.0.0',
      _addinName: 'Secflow',
      _appDomains: [location.origin],
      _dialogRequirementMatrix: '{}',
      _featureGates: {},
    }
  }

  function tellEvent({ name, data }: { readonly name: string; readonly data: string }): void {
    const request = registered.get(name)
    if (request) send(writeReply(request, [data], 'event'))
  }

  return {
    element,
    ready,
    tell(what, detail) {
      const event = eventOf(what, detail)
      if (event) tellEvent(event)
    },
    showTheme(theme) {
      element.dataset.settings = JSON.stringify({ ...settings, theme } satisfies OverlaySettings)
      tellEvent(themeEvent(theme))
    },
    async run(handler, details) {
      await ready
      const request = registered.get('appCommandInvoked')
      const command = crypto.randomUUID()
      return new Promise((resolve) => {
        commands.set(command, resolve)
        if (request) send(writeReply(request, [command, handler, JSON.stringify(details)], 'event'))
      })
    },
    close() {
      removeEventListener('message', onMessage)
      element.remove()
    },
  }
}

const OUTLOOK_WEB = 64
/** The number under which Office.js says that a command is done. */
const COMMAND_DONE = 94

function nestedText(data: unknown): string | null {
  if (typeof data !== 'object' || data === null || !('nestedAppAuth' in data)) return null
  return String((data as { readonly nestedAppAuth: unknown }).nestedAppAuth)
}
