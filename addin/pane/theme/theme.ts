import type { OfficeTheme } from '../host/office.ts'

export const SETTINGS = ['auto', 'light', 'dark'] as const
export type Setting = (typeof SETTINGS)[number]
export type Theme = 'light' | 'dark'

const KEY = 'secflow-theme'

/** What the user set; the browser may keep nothing. */
export function readSetting(): Setting {
  try {
    const kept = localStorage.getItem(KEY)
    return SETTINGS.find((one) => one === kept) ?? 'auto'
  } catch {
    return 'auto'
  }
}

export function keepSetting(setting: Setting): void {
  try {
    localStorage.setItem(KEY, setting)
  } catch {
    // Until the pane is closed.
  }
}

/**
 * Auto follows Outlook, which says its colours and not whether they are dark; where it says none, the system. Outlook tells a
 * pane of changes and does not always tell one that was opened after them: hence the setting.
 */
export function themeOf(setting: Setting, office: OfficeTheme | undefined, systemIsDark: boolean): Theme {
  if (setting !== 'auto') return setting
  const light = lightness(office?.bodyBackgroundColor)
  if (light !== null) return light < 0.5 ? 'dark' : 'light'
  return systemIsDark ? 'dark' : 'light'
}

/** 0 to 1 (Rec. 709) of `#rrggbb`, `#rgb` or `#rrggbbaa`; null for anything else. */
export function lightness(color: string | undefined): number | null {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/i.exec(color?.trim() ?? '')?.[1]
  if (hex === undefined) return null
  const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join('') : hex
  const [r, g, b] = [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16) / 255) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** Sets the theme of the whole page; the style sheet has both. */
export function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme
}
