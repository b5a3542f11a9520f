import { type ComponentType, type LazyExoticComponent, lazy, Suspense } from 'react'
import { Guard } from './guard.tsx'

type Load<P> = () => Promise<{ readonly default: ComponentType<P> }>

/** Parts that most mails do not need: fetched on first use, or once the pane has nothing else to do. */
const loads: Load<never>[] = []

export function late<P extends object>(load: Load<P>): ComponentType<P> {
  const Part: LazyExoticComponent<ComponentType<P>> = lazy(load)
  loads.push(load as Load<never>)
  return function Late(props: P) {
    return (
      <Guard otherwise={null}>
        <Suspense>
          <Part {...props} />
        </Suspense>
      </Guard>
    )
  }
}

/** Fetches all of them, so that they are there when the connection is not. */
export function fetchLate(): void {
  for (const load of loads) void load().catch(() => null)
}
