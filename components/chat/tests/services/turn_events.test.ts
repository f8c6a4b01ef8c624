import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { TurnEvent } from '../../src/mixture/events'
import { followTurn } from '../../src/services/turn_events'
import { goldenEvents, goldenNames } from '../golden'

/** The browser's EventSource as far as a reader sees it; the test is its server. */
class ScriptedEventSource extends EventTarget {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static readonly CLOSED = 2
  static last: ScriptedEventSource
  readyState = ScriptedEventSource.CONNECTING
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null

  constructor(readonly url: string) {
    super()
    ScriptedEventSource.last = this
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

beforeEach(() => {
  vi.stubGlobal('EventSource', ScriptedEventSource)
})
afterEach(() => {
  vi.unstubAllGlobals()
})

function follow(): { source: ScriptedEventSource; read: TurnEvent[]; said: string[]; close: () => void } {
  const read: TurnEvent[] = []
  const said: string[] = []
  const close = followTurn('t1', {
    onEvent: (event) => read.push(event),
    onOpen: () => said.push('open'),
    onBreak: () => said.push('break'),
    onRefused: () => said.push('refused'),
  })
  return { source: ScriptedEventSource.last, read, said, close }
}

it.each(goldenNames)('every event of the golden stream %s is read, and the stream closed after the last', (name) => {
  const { source, read } = follow()
  const events = goldenEvents(name)
  for (const event of events) source.send(event)
  expect(read).toEqual(name === 'snapshot_after_restart' ? events.slice(0, -1) : events)
  expect(source.readyState).toBe(ScriptedEventSource.CLOSED)
})

it('a broken connection is told apart from a refused one', () => {
  const { source, said } = follow()
  source.fail(ScriptedEventSource.CONNECTING)
  source.onopen?.()
  source.fail(ScriptedEventSource.CLOSED)
  expect(said).toEqual(['break', 'open', 'refused'])
})

it('nothing is read any more once the reader has left', () => {
  const { source, read, close } = follow()
  close()
  for (const event of goldenEvents('text_answer')) source.send(event)
  expect(read).toEqual([])
})
