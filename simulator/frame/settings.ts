import type { OverlaySettings } from '../host/frame.ts'

/** What the host says of the client it plays. Frame and host have one origin; messages still go the way of Office.js. */
export function overlaySettings(): OverlaySettings | null {
  const said = (window.frameElement as HTMLElement | null)?.dataset.settings
  return said ? (JSON.parse(said) as OverlaySettings) : null
}
