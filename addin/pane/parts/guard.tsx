import { Component, type ReactNode } from 'react'

interface Props {
  /** Shown in place of a part that failed. */
  readonly otherwise: ReactNode
  readonly children: ReactNode
}

/** A part that cannot be shown, because its code was not fetched before the connection went, takes nothing else with it. */
export class Guard extends Component<Props, { readonly failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError(): { readonly failed: boolean } {
    return { failed: true }
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.otherwise : this.props.children
  }
}
