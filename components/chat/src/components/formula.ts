/** Gives each formula of an answer its form; until KaTeX is here, and where it fails to come, its source stands there. */

export function dressFormulas(root: ParentNode): void {
  for (const node of root.querySelectorAll<HTMLElement>('.math-inline, .math-display')) void setFormula(node)
}

async function setFormula(node: HTMLElement): Promise<void> {
  const tex = node.textContent
  const { setMath } = await import('./math')
  setMath(node, tex, node.classList.contains('math-display'))
}
