import { Icon, type IconName } from './icon.tsx'

/** A whole screen with one thing to say. */
export function Empty({
  icon,
  title,
  text,
}: {
  readonly icon: IconName
  readonly title: string
  readonly text: string
}) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <h1>{title}</h1>
      <p className="soft">{text}</p>
    </div>
  )
}
