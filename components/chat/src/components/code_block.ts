/** Gives a block of code its language's name, a button that copies it, and, once it is whole, its colours. */

import { copyText } from '../stores/clipboard'
import { sanitiseCode } from './markdown'

const SAID_MS = 1600

export function dressCodeBlocks(root: ParentNode, isWhole: boolean): void {
  for (const code of root.querySelectorAll<HTMLElement>('pre > code')) {
    const pre = code.parentElement
    if (!pre) continue
    const language = code.className.replace('language-', '')
    const frame = document.createElement('div')
    frame.className = 'code'
    const bar = document.createElement('div')
    bar.className = 'code-bar'
    bar.append(language || 'code', copyButton(code))
    pre.replaceWith(frame)
    frame.append(bar, pre)
    if (isWhole && language) void colour(code, language)
  }
}

function copyButton(code: HTMLElement): HTMLButtonElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'quiet'
  button.textContent = 'Copy code'
  button.addEventListener('click', () => {
    void copyText(code.textContent).then((isCopied) => {
      button.textContent = isCopied ? 'Copied' : 'Not allowed here'
      setTimeout(() => { button.textContent = 'Copy code' }, SAID_MS)
    })
  })
  return button
}

async function colour(code: HTMLElement, language: string): Promise<void> {
  const { highlight } = await import('./highlight')
  const html = highlight(code.textContent, language)
  if (html !== null) code.replaceChildren(sanitiseCode(html))
}
