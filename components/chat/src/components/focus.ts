/** Where the keyboard goes on when the control that was pressed goes away: left to the browser, it would begin again at the top. */

/** Whether there is a keyboard at hand; where there is none, focus would open one over half of the page. */
export const hasKeyboard = (): boolean => matchMedia('(hover: hover)').matches

/** Go on in the message box. A mouse needs no focus: the arrow keys still step through versions after its press. */
export function goOnInMessage(event: Event): void {
  if (!hasKeyboard() || (event instanceof MouseEvent && event.detail > 0) || !(event.currentTarget instanceof Element)) return
  focusMessage(event.currentTarget.getRootNode() as Document | ShadowRoot)
}

export function focusMessage(root: ParentNode): void {
  root.querySelector<HTMLElement>('#message')?.focus()
}

/** Go on in `place`, as long as the focus stays there. */
export function focusPlace(place: HTMLElement): void {
  place.tabIndex = -1
  place.addEventListener('blur', () => { place.removeAttribute('tabindex') }, { once: true })
  place.focus({ preventScroll: true })
}

/** Where `words` begin in `place`, in either case and whatever elements they stand in. */
export function findWords(place: HTMLElement, words: string): Range | null {
  let start = place.textContent.toLowerCase().indexOf(words.toLowerCase())
  const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT)
  while (start >= 0 && texts.nextNode()) {
    const { length } = texts.currentNode.nodeValue ?? ''
    if (start < length) {
      const range = document.createRange()
      range.setStart(texts.currentNode, start)
      return range
    }
    start -= length
  }
  return null
}
