/** A turn's event stream, read with the browser's own EventSource, which reconnects where it left off by itself. */

import { EVENT_NAMES, isLast, type TurnEvent } from '../mixture/events'
import { addressed, addressedMessage, addressOf } from './server'

interface TurnReader {
  onEvent: (event: TurnEvent) => void
  /** The connection stands (again). */
  onOpen: () => void
  /** The connection broke; the browser is trying again. */
  onBreak: () => void
  /** The server refused the stream; nobody tries again. */
  onRefused: () => void
}

/** Read a turn's events, from its first, until its last or until the function returned is called. */
export function followTurn(turnId: string, reader: TurnReader): () => void {
  const source = new EventSource(addressOf(`/api/turns/${turnId}/events`))
  const close = (): void => {
    source.close()
  }
  for (const name of EVENT_NAMES) {
    source.addEventListener(name, (message: MessageEvent<string>) => {
      const event = withAddresses({ name, data: JSON.parse(message.data) as unknown } as TurnEvent)
      // Left open, the browser would take the end of the stream for a broken connection and ask for it again.
      if (isLast(event)) close()
      reader.onEvent(event)
    })
  }
  source.onopen = reader.onOpen
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) reader.onRefused()
    else reader.onBreak()
  }
  return close
}

function withAddresses(event: TurnEvent): TurnEvent {
  if (event.name === 'image_finished') return { ...event, data: { image: addressed(event.data.image) } }
  if (event.name === 'turn_snapshot') return { ...event, data: { ...event.data, message: addressedMessage(event.data.message) } }
  return event
}
