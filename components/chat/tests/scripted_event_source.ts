/** A turn's event stream without a server. */
import type { TurnEvent } from '../src/mixture/events'

/** The browser's EventSource as far as a reader sees it; the test is its server. */
export class ScriptedEventSource extends EventTarget {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static readonly CLOSED = 2
  static last: ScriptedEventSource
  static all: ScriptedEventSource[] = []
  readyState = ScriptedEventSource.CONNECTING
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null

  constructor(readonly url: string) {
    super()
    ScriptedEventSource.last = this
    ScriptedEventSource.all.push(this)
  }

  close(): void {
    this.readyState = ScriptedEventSource.CLOSED
  }

  send(event: TurnEvent): void {
    if (this.readyState === ScriptedEventSource.CLOSED) return
    this.dispatchEvent(new MessageEvent(event.name, { data: JSON.stringify(event.data) }))
  }

  fail(state: number): void {
    this.readyState = state
    this.onerror?.()
  }
}
