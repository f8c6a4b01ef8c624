/** Tells when one has scrolled to a node: what more there is need not be drawn before. */

/** `around` gives what scrolls, which is there by then, and how far beyond its edges counts as seen; unset, the page itself. */
export const whenSeen =
  (onSeen: () => void, around?: () => IntersectionObserverInit) =>
  (node: HTMLElement): (() => void) => {
    const observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) onSeen()
    }, around?.())
    observer.observe(node)
    return () => {
      observer.disconnect()
    }
  }
