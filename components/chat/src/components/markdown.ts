/** Markdown to nodes that can do no harm: rendered first, sanitised after, remote images taken out. */

import createDOMPurify from 'dompurify'
import { Marked } from 'marked'
import { addressOf } from '../stores/place'
import { emphasis } from './emphasis'
import { mathSyntax } from './math_syntax'

const marked = new Marked({
  gfm: true,
  renderer: {
    // Raw HTML in an answer is shown as the text it is, not obeyed and not lost.
    html: ({ text }) => escapeHtml(text),
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
})

marked.use(emphasis)
marked.use(mathSyntax((tex, isDisplay) => `<span class="math-${isDisplay ? 'display' : 'inline'}">${escapeHtml(tex)}</span>`))

const purify = createDOMPurify(window)

const POLICY = {
  ALLOWED_TAGS: [
    ...['p', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'strong', 'em', 'del', 'sub', 'sup', 'code', 'pre', 'blockquote', 'span'],
    ...['ul', 'ol', 'li', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'a', 'img'],
  ],
  ALLOWED_ATTR: ['href', 'src', 'alt', 'title', 'start', 'align', 'class'],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|\/images\/|data:image\/(?:png|jpeg|gif|webp);base64,)/i,
  // No addresses, so the rule for addresses must not judge them.
  ADD_URI_SAFE_ATTR: ['align', 'start'],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
} as const

/** A picture of our own: kept by MoM, or standing in the text itself. */
const OWN_IMAGE = /^(?:\/images\/[\w-]+\.png$|data:image\/)/i

const LANGUAGE = /^language-[\w+#-]{1,20}$/
const FORMULA = /^math-(?:inline|display)$/

/** Where a link may lead; one that led elsewhere is left as its words. */
const LINK = /^(?:https?:|mailto:|\/images\/)/i

/** The HTML of each block (paragraph, list, code, …), not yet sanitised. */
export function renderBlocks(text: string): string[] {
  return new GrowingMarkdown().render(text, true)
}

/**
 * The same for a text that grows: a block that another one follows has got its end, and is not read again, so that each new word
 * costs the last block only. What a link's address is may stand anywhere: it is found once the text is whole.
 */
export class GrowingMarkdown {
  #text = ''
  /** The blocks that have got their end, and how many characters they are. */
  #ended: string[] = []
  #endedChars = 0

  render(text: string, isWhole: boolean): string[] {
    try {
      return this.#render(text, isWhole)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return [`<pre><code>${escapeHtml(text)}</code></pre>`] // a model that repeats itself nests lists deeper than can be read
    }
  }

  #render(text: string, isWhole: boolean): string[] {
    const unix = text.replace(/\r\n?/g, '\n') // as marked counts characters
    if (isWhole || !unix.startsWith(this.#text)) {
      this.#ended = []
      this.#endedChars = 0
    }
    this.#text = unix
    const blocks = [...this.#ended]
    let place = this.#endedChars
    for (const token of marked.lexer(unix.slice(this.#endedChars))) {
      if (token.type !== 'space') {
        this.#ended = [...blocks]
        this.#endedChars = place
        blocks.push(marked.parser([token]))
      }
      place += token.raw.length
    }
    return blocks
  }
}

/** The nodes of rendered HTML that may be shown. Nothing in them runs, and nothing is fetched from elsewhere. */
export function sanitise(html: string): DocumentFragment {
  const fragment = purify.sanitize(html, { ...POLICY, ALLOWED_TAGS: [...POLICY.ALLOWED_TAGS], ALLOWED_ATTR: [...POLICY.ALLOWED_ATTR], ADD_URI_SAFE_ATTR: [...POLICY.ADD_URI_SAFE_ATTR] })
  for (const image of fragment.querySelectorAll('img')) {
    const address = image.getAttribute('src') ?? ''
    if (OWN_IMAGE.test(address)) image.src = addressOf(address)
    else image.replaceWith(blockedImage(image))
  }
  for (const link of fragment.querySelectorAll('a')) {
    const address = link.getAttribute('href') ?? ''
    if (LINK.test(address)) {
      link.href = addressOf(address)
      link.rel = 'noopener noreferrer nofollow'
      link.target = '_blank'
    } else {
      link.replaceWith(...link.childNodes)
    }
  }
  for (const node of fragment.querySelectorAll('[class]')) keepKnownClass(node)
  return fragment
}

/** The nodes of coloured code: words in spans, nothing else. */
export function sanitiseCode(html: string): DocumentFragment {
  return purify.sanitize(html, { ALLOWED_TAGS: ['span'], ALLOWED_ATTR: ['class'], RETURN_DOM_FRAGMENT: true })
}

/** The classes that an answer may bring along: the language of a block of code, and the mark of a formula. */
function keepKnownClass(node: Element): void {
  const name = (node.matches('pre > code') ? LANGUAGE : node.matches('span') ? FORMULA : null)?.exec(node.className)?.[0]
  node.removeAttribute('class')
  if (name) node.className = name
}

/** What stands in place of a picture that lies elsewhere: loading it would tell its owner what is being read here. */
function blockedImage(image: HTMLImageElement): HTMLElement {
  const place = document.createElement('span')
  place.className = 'blocked-image'
  const address = image.getAttribute('src') ?? ''
  place.append('Remote picture, not loaded: ')
  if (/^https?:/i.test(address)) {
    const link = document.createElement('a')
    link.href = address
    link.textContent = image.alt || (URL.canParse(address) ? new URL(address).host : address)
    place.append(link)
  } else {
    place.append(image.alt || 'no address')
  }
  return place
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
