/** Gives an answer's blocks the direction of their own words, and the keyboard a way into what scrolls sideways. */

import { WIDE } from './keys'

/** What runs from right to left where its words do, its marks and its columns included. */
const FLOWING = 'p, ul, ol, blockquote, table, h1, h2, h3, h4, h5, h6'

export function dressForReading(root: ParentNode): void {
  // The outermost only: a direction within is no longer asked for the one around it.
  for (const block of root.children) if (block.matches(FLOWING)) block.setAttribute('dir', 'auto')
  for (const wide of root.querySelectorAll<HTMLElement>(WIDE)) wide.tabIndex = 0
}
