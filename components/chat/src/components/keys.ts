/** Which keys are the chat's: all of its own page's, and those pressed within it where it stands in another page. */

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

/** Whether the key is written into something. */
export function isTyping(event: KeyboardEvent): boolean {
  const { target } = event
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
}
