/** A finger's swipe to the left or right, and none of a scroll, a selection or a picture that is moved about. */

import { WIDE } from './keys'

const LEAST_PX = 56
const OTHERS = `${WIDE}, textarea, input, summary`

/** `onSwipe` gets +1 for a swipe to the left (onwards), -1 for one to the right. */
export const swipe =
  (onSwipe: (offset: number) => void) =>
  (node: HTMLElement): (() => void) => {
    let from: Touch | null = null
    const begin = (event: TouchEvent): void => {
      const isOthers = event.target instanceof Element && event.target.closest(OTHERS) !== null
      from = event.touches.length === 1 && !isOthers ? (event.touches[0] ?? null) : null
    }
    const end = (event: TouchEvent): void => {
      const to = event.changedTouches[0]
      if (!from || !to) return
      const x = to.clientX - from.clientX
      const y = to.clientY - from.clientY
      from = null
      if (Math.abs(x) > LEAST_PX && Math.abs(x) > 2 * Math.abs(y)) onSwipe(x < 0 ? 1 : -1)
    }
    // Moving sideways is the page's: the browser would go back a page. What scrolls sideways inside still does.
    node.style.touchAction = 'pan-y pinch-zoom'
    node.addEventListener('touchstart', begin, { passive: true })
    node.addEventListener('touchend', end, { passive: true })
    return () => {
      node.removeEventListener('touchstart', begin)
      node.removeEventListener('touchend', end)
    }
  }
