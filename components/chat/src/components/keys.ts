/** Which keys are the chat's: all of its own page's, and those pressed within it where it stands in another page. */

import { hasKeyboard } from './focus'

/** Attach `onKey` to the node, or to the whole page that it fills. */
export const keysOf =
  (isEmbedded: boolean, onKey: (event: KeyboardEvent) => void) =>
  (node: HTMLElement): (() => void) => {
    const target: HTMLElement | Document = isEmbedded ? node : document
    const listen = onKey as (event: Event) => void
    target.addEventListener('keydown', listen)
    return () => {
      target.removeEventListener('keydown', listen)
    }
  }

/** What scrolls sideways by itself, being wider than the page. */
export const WIDE = 'pre, table, .math-display'

/** Whether the key is an input method's, which makes words of it. 229: Safari's, for the key that ends the composition. */
export function isComposing(event: KeyboardEvent): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else tells it there
  return event.isComposing || event.keyCode === 229
}

/** Whether the key sends what is written. Enter alone does not on a screen's keyboard: it has no other key for a new line. */
export function isSending(event: KeyboardEvent): boolean {
  return event.key === 'Enter' && !event.shiftKey && (event.ctrlKey || event.metaKey || hasKeyboard())
}

/** Whether the key is pressed in what it scrolls. */
export function isScrolling(event: KeyboardEvent): boolean {
  return event.target instanceof Element && event.target.closest(WIDE) !== null
}

/** Whether the key is written into something. */
export function isTyping(event: KeyboardEvent): boolean {
  const { target } = event
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
}
