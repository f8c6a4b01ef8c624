/** Sets mathematics. Loaded only when there is some: KaTeX weighs more than the rest of the page. */

import katex from 'katex'
import styles from 'katex/dist/katex.min.css?url'

/** Set `tex` into the node, which is in its place already. KaTeX builds nodes: the page allows no inline styles in markup. */
export function setMath(node: HTMLElement, tex: string, displayMode: boolean): void {
  const root = node.getRootNode()
  dress(document.head)
  if (root instanceof ShadowRoot) dress(root) // fonts are the document's, rules the root's
  try {
    katex.render(tex, node, { displayMode, strict: 'ignore', trust: false, maxSize: 20, maxExpand: 500 })
  } catch (error) {
    // KaTeX's own way to show an error is an inline style.
    node.classList.add('math-error')
    node.title = error instanceof Error ? error.message : String(error)
    node.textContent = tex
  }
}

function dress(place: HTMLHeadElement | ShadowRoot): void {
  if (place.querySelector('[data-math]')) return
  const link = document.createElement('link')
  link.rel = 'stylesheet'
  link.href = styles
  link.dataset.math = ''
  place.append(link)
}
