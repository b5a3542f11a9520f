import type { LaunchEventName } from '../profiles/profile.ts'
import type { Completion, FrameOptions, OfficeFrame } from './frame.ts'
import { openFrame } from './frame.ts'
import { openScript } from './script.ts'

/** Where the launch events of one mail run. */
export interface LaunchRuntime {
  /** Fires an event; null where this client has none of that name, or its runtime did not come up. */
  fire(event: LaunchEventName, details?: object): Promise<Completion> | null
  close(): void
}

/** Page or script, as the client has it. */
export function openRuntime(
  options: Omit<FrameOptions, 'src' | 'title'> & { readonly page: string; readonly script: string },
): LaunchRuntime {
  const { profile } = options.scene
  if (profile.runtime === 'none') return { fire: () => null, close() {} }
  const runtime = profile.runtime === 'script' ? openScript(options) : openHidden(options)
  return {
    fire: (event, details = {}) => (profile.launchEvents.includes(event) ? runtime.run(event, details) : null),
    close: () => runtime.close(),
  }
}

function openHidden(options: Omit<FrameOptions, 'src' | 'title'> & { readonly page: string }): OfficeFrame {
  const frame = openFrame({ ...options, src: options.page, title: 'Secflow: launch events' })
  frame.element.hidden = true
  document.body.append(frame.element)
  return frame
}
