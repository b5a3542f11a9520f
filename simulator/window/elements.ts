/** Elements in one expression; whatever is a text stays one. */
type Child = Node | string | null | false | undefined

export interface Attributes {
  readonly class?: string
  readonly on?: Readonly<Record<string, (event: Event) => void>>
  readonly [name: string]: unknown
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Child | readonly Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on')
      for (const [event, run] of Object.entries(attributes.on ?? {})) element.addEventListener(event, run)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, String(value))
  }
  put(element, ...children)
  return element
}

/** Replaces all that is in an element. */
export function put(element: Element, ...children: readonly (Child | readonly Child[])[]): void {
  const nodes = children
    .flat()
    .filter((child): child is Node | string => child !== null && child !== false && child !== undefined)
  element.replaceChildren(...nodes)
}

const SVG = 'http://www.w3.org/2000/svg'

/** Lines of 20 × 20, drawn for the simulator. */
const ICONS = {
  mail: 'M3 5.5h14v9H3zM3 6l7 5 7-5',
  send: 'M3 4l14 6-14 6 2-6zM5 10h6',
  clip: 'M14 6l-6.5 6.5a1.8 1.8 0 0 0 2.5 2.5L16 9a3.2 3.2 0 0 0-4.500-4.500L5 11a4.600 4.600 0 0 0 6.500 6.500',
  shield: 'M10 2.500l6 2v5c0 4-2.600 6.600-6 8-3.400-1.400-6-4-6-8v-5zM7.500 10l2 2 3.500-4',
  reply: 'M8 5L3 10l5 5M3 10h9c3 0 5 2 5 5',
  replyAll: 'M6 6l-4 4 4 4M10 5l-5 5 5 5M5 10h7c3 0 5 2 5 5',
  forward: 'M12 5l5 5-5 5M17 10H8c-3 0-5 2-5 5',
  close: 'M5 5l10 10M15 5L5 15',
  people:
    'M7 9a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM2.500 16c0-3 2-4.500 4.500-4.500s4.500 1.500 4.500 4.500M13.500 9.500a2 2 0 1 0 0-4M13 11.700c2.600 0 4.500 1.300 4.500 4',
  phone: 'M6.500 2.500h7v15h-7zM9 15h2',
  link: 'M8.500 11.500l3-3M9 7l2-2a2.800 2.800 0 0 1 4 4l-2 2M11 13l-2 2a2.800 2.800 0 0 1-4-4l2-2',
  lock: 'M5 9h10v8H5zM7 9V6.500a3 3 0 0 1 6 0V9',
  file: 'M5 2.500h6l4 4v11H5zM11 2.500v4h4',
  bin: 'M4 5.500h12M8 5.500v-2h4v2M5.500 5.500l1 11h7l1-11',
  sun: 'M10 6.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM10 2v2M10 16v2M2 10h2M16 10h2M4.500 4.500l1.400 1.400M14 14l1.500 1.500M15.500 4.500L14 6M6 14l-1.500 1.500',
  check: 'M4 10.500l4 4 8-9',
  warning: 'M10 3l8 14H2zM10 8v4.500M10 14.500v.5',
  code: 'M7 6l-4 4 4 4M13 6l4 4-4 4',
  tools: 'M3 6h9M15 6h2M3 14h3M9 14h8M12 4v4M6 12v4',
} as const
export type IconName = keyof typeof ICONS

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  const path = document.createElementNS(SVG, 'path')
  for (const [key, value] of Object.entries({ viewBox: '0 0 20 20', 'aria-hidden': 'true', class: 'icon' }))
    svg.setAttribute(key, value)
  path.setAttribute('d', ICONS[name])
  svg.append(path)
  return svg
}

/** A button with a picture; without a text the label is for those who cannot see it. */
export function button(
  options: {
    readonly icon?: IconName
    readonly label: string
    readonly text?: boolean
    readonly class?: string
  } & Attributes,
  run: () => void,
): HTMLButtonElement {
  const { icon: name, label, text = true, class: kind = '', ...rest } = options
  return h(
    'button',
    {
      type: 'button',
      class: kind,
      ...(text ? {} : { 'aria-label': label, title: label }),
      ...rest,
      on: { click: run },
    },
    name ? icon(name) : null,
    text ? h('span', {}, label) : null,
  )
}
