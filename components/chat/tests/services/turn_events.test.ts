import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { TurnEvent } from '../../src/mixture/events'
import { followTurn } from '../../src/services/turn_events'
import { goldenEvents, goldenNames } from '../golden'
import { ScriptedEventSource } from '../scripted_event_source'

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
