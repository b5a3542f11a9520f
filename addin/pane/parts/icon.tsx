/** Own line drawings on a square of 20, decoration beside words. */
const DRAWINGS = {
  lock: 'M5.5 9V6.5a4.5 4.5 0 0 1 9 0V9M4 9h12v8H4zM10 12.5v1.5',
  key: 'M8 12a4 4 0 1 1 3-2.5l6 6V17h-2.5v-2H13v-2h-2.5L10 12.4M6.5 7.5v0',
  file: 'M5 2.5h7l3.5 3.5v11.5H5zM12 2.5V6h3.5M8 12.5h4.5M8 15h3',
  globe: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M2.5 10h15M10 2.5c-5 5-5 10 0 15M10 2.5c5 5 5 10 0 15',
  mail: 'M2.5 4.5h15v11h-15zM2.5 5.5l7.5 5.5 7.5-5.5',
  route: 'M3 10h11M10 6l4 4-4 4M17 4v12',
  stop: 'M6.5 2.5h7l4 4v7l-4 4h-7l-4-4v-7zM10 6v5M10 13.5v0',
  hand: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M8 7v6M12 7v6',
  clock: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M10 6v4.5l3 1.5',
  warning: 'M10 3 2.5 16.5h15zM10 8v4M10 14v0',
  info: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M10 9.5V14M10 6.5v0',
  check: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M6.5 10.5l2.5 2.5 4.5-5.5',
  shield: 'M10 2.5 16.5 5v4.5c0 4-2.5 6.5-6.5 8-4-1.5-6.5-4-6.5-8V5z',
  pen: 'M3.5 16.5l1-4L13 4l3 3-8.5 8.5zM11.5 5.5l3 3',
  link: 'M8.5 11.5l3-3M9 6.5l2-2a3.2 3.2 0 0 1 4.5 4.5l-2 2M11 13.5l-2 2A3.2 3.2 0 0 1 4.5 11l2-2',
  receipt: 'M5 2.5h10v15l-2.5-1.5-2.5 1.5-2.5-1.5L5 17.500zM8 7h4M8 10h4',
  phone: 'M6.500 2.500h7v15h-7zM9 15h2',
  cloud: 'M5.500 15.500a3.500 3.500 0 0 1 0-7 4.500 4.500 0 0 1 8.700-.5 3.700 3.700 0 0 1 .3 7.500zM3 3l14 14',
} as const

export type IconName = keyof typeof DRAWINGS

export function Icon({ name, className = '' }: { readonly name: IconName; readonly className?: string }) {
  return (
    <svg className={`icon ${className}`} viewBox="0 0 20 20" aria-hidden="true">
      <path d={DRAWINGS[name]} />
    </svg>
  )
}
