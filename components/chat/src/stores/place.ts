/** Where it is kept which chat is open: in the page's address, or, inside another page, nowhere but here. */

import { addressOf } from '../services/server'

export { addressOf }

/** A message that a search has found, and the words it was found by. */
export interface Sought {
  message_id: string
  match: string
}

export interface Place {
  /** The chat that is open; null: a new one. */
  read: () => string | null
  /** The message there that it was asked for by its address. */
  sought: () => Sought | null
  /** Open another chat; one can go back from there. */
  go: (id: string | null) => void
  /** The new chat that is open has got its id. */
  name: (id: string) => void
  onChange: (changed: () => void) => void
}

/** The address of a chat as a page of its own, or of a new one; opened, it is shown at `sought`. */
export function pageOf(id: string | null, sought: Sought | null = null): string {
  const fragment = sought && new URLSearchParams({ message: sought.message_id, words: sought.match })
  return addressOf(id ? `/chats/${id}` : '/') + (fragment ? `#${fragment.toString()}` : '')
}

/** A page that is the chat's own: its address says which chat is open. */
export function addressBar(): Place {
  return {
    read: () => /\/chats\/([^/]+)$/.exec(location.pathname)?.[1] ?? null,
    sought: () => {
      const fragment = new URLSearchParams(location.hash.slice(1))
      const message = fragment.get('message')
      return message ? { message_id: message, match: fragment.get('words') ?? '' } : null
    },
    go: (id) => {
      history.pushState(null, '', pageOf(id))
    },
    name: (id) => {
      history.replaceState(null, '', pageOf(id))
    },
    onChange: (changed) => {
      addEventListener('popstate', changed)
    },
  }
}

/** Another's page, whose address is not the chat's to change. */
export function memory(): Place {
  let open: string | null = null
  const keep = (id: string | null): void => {
    open = id
  }
  return { read: () => open, sought: () => null, go: keep, name: keep, onChange: () => undefined }
}
