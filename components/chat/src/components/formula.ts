/** Gives each formula of an answer its form; until KaTeX is here, and where it fails to come, its source stands there. */

export function dressFormulas(root: ParentNode): void {
  for (const node of root.querySelectorAll<HTMLElement>('.math-inline, .math-display')) void setFormula(node)
}

/** Once it is here nothing is waited for: a page that is printed is read as soon as its earlier messages are drawn. */
let math: typeof import('./math') | undefined

async function setFormula(node: HTMLElement): Promise<void> {
  const tex = node.textContent
  math ??= await import('./math')
  math.setMath(node, tex, node.classList.contains('math-display'))
}
