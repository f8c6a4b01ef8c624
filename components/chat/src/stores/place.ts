/** Where it is kept which chat is open: in the page's address, or, inside another page, nowhere but here. */

import { addressOf } from '../services/server'

export { addressOf }

export interface Place {
  /** The chat that is open; null: a new one. */
  read: () => string | null
  /** Open another chat; one can go back from there. */
  go: (id: string | null) => void
  /** The new chat that is open has got its id. */
  name: (id: string) => void
  onChange: (changed: () => void) => void
}

/** The address of a chat as a page of its own, or of a new one. */
export const pageOf = (id: string | null): string => addressOf(id ? `/chats/${id}` : '/')

/** A page that is the chat's own: its address says which chat is open. */
export function addressBar(): Place {
  return {
    read: () => /\/chats\/([^/]+)$/.exec(location.pathname)?.[1] ?? null,
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
  return { read: () => open, go: keep, name: keep, onChange: () => undefined }
}
