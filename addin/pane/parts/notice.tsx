import { Button } from '@fluentui/react-components'
import type { ReactNode } from 'react'
import { Icon } from './icon.tsx'

interface Notice {
  readonly intent: 'info' | 'warning' | 'error'
  readonly title?: string
  readonly children: ReactNode
  readonly action?: { readonly label: string; readonly run: () => void }
}

/** Something the sender should know, with the way on. Looks like Fluent's message bar, which alone would weigh 5 KB. */
export function Notice({ intent, title, children, action }: Notice) {
  return (
    <div className={`notice ${intent}`} role={intent === 'error' ? 'alert' : 'status'}>
      <Icon name={intent === 'info' ? 'info' : 'warning'} />
      <div className="stack tight">
        {title !== undefined && <p className="strong">{title}</p>}
        <p>{children}</p>
        {action && (
          <div>
            <Button size="small" onClick={action.run}>
              {action.label}
            </Button>
          </div>
        )}
      </div>
    </div>
  )
}
