/** A page of an add-in that does nothing by itself: tests call `Office` in it. */
interface Probe {
  probeReady?: boolean
}
declare const Office: { onReady(run: () => void): void }

Office.onReady(() => {
  ;(window as Window & Probe).probeReady = true
})
