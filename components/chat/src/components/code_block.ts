/** Gives a block of code its language's name, a button that copies it, and, once it is whole, its colours. */

import { copyText } from '../stores/clipboard'
import { sanitiseCode } from './markdown'

const SAID_MS = 1600

export function dressCodeBlocks(root: ParentNode): void {
  for (const code of root.querySelectorAll('pre > code')) {
    const pre = code.parentElement
    if (!pre) continue
    const frame = document.createElement('div')
    frame.className = 'code'
    const bar = document.createElement('div')
    bar.className = 'code-bar'
    bar.append(languageOf(code) || 'code', copyButton(frame))
    pre.replaceWith(frame)
    frame.append(bar, pre)
  }
}

/** What is within must be whole: a language is not read from half of its words. */
export function colourCode(root: ParentNode): void {
  for (const code of root.querySelectorAll('pre > code')) if (languageOf(code)) void colour(code)
}

const languageOf = (code: Element): string => code.className.replace('language-', '')

function copyButton(frame: HTMLElement): HTMLButtonElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'quiet'
  button.textContent = 'Copy code'
  button.addEventListener('click', () => {
    void copyText(frame.querySelector('code')?.textContent ?? '').then((isCopied) => {
      button.textContent = isCopied ? 'Copied' : 'Not allowed here'
      setTimeout(() => { button.textContent = 'Copy code' }, SAID_MS)
    })
  })
  return button
}

/** Once it is here nothing is waited for, as for formulas. */
let highlighter: typeof import('./highlight') | undefined

async function colour(code: Element): Promise<void> {
  highlighter ??= await import('./highlight')
  const html = highlighter.highlight(code.textContent, languageOf(code))
  if (html !== null) code.replaceChildren(sanitiseCode(html))
}
