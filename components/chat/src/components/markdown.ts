/** Markdown to nodes that can do no harm: rendered first, sanitised after, remote images taken out. */

import createDOMPurify from 'dompurify'
import { Marked } from 'marked'

const marked = new Marked({
  gfm: true,
  renderer: {
    // Raw HTML in an answer is shown as the text it is, not obeyed and not lost.
    html: ({ text }) => escapeHtml(text),
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
})

const purify = createDOMPurify(window)

const POLICY = {
  ALLOWED_TAGS: [
    ...['p', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'strong', 'em', 'del', 'sub', 'sup', 'code', 'pre', 'blockquote'],
    ...['ul', 'ol', 'li', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'a', 'img'],
  ],
  ALLOWED_ATTR: ['href', 'src', 'alt', 'title', 'start', 'align', 'class'],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|\/images\/|data:image\/(?:png|jpeg|gif|webp);base64,)/i,
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
} as const

/** A picture of our own: kept by MoM, or standing in the text itself. */
const OWN_IMAGE = /^(?:\/images\/[\w-]+\.png$|data:image\/)/i

const LANGUAGE = /^language-[\w+#-]{1,20}$/

/** Where a link may lead; one that led elsewhere is left as its words. */
const LINK = /^(?:https?:|mailto:|\/images\/)/i

/**
 * The HTML of each block (paragraph, list, code, …), not yet sanitised. While a text grows only its last blocks change,
 * so only these need be drawn again.
 */
export function renderBlocks(text: string): string[] {
  const tokens = marked.lexer(text)
  return tokens.filter((token) => token.type !== 'space').map((token) => marked.parser([token]))
}

/** The nodes of rendered HTML that may be shown. Nothing in them runs, and nothing is fetched from elsewhere. */
export function sanitise(html: string): DocumentFragment {
  const fragment = purify.sanitize(html, { ...POLICY, ALLOWED_TAGS: [...POLICY.ALLOWED_TAGS], ALLOWED_ATTR: [...POLICY.ALLOWED_ATTR] })
  for (const image of fragment.querySelectorAll('img')) {
    if (!OWN_IMAGE.test(image.getAttribute('src') ?? '')) image.replaceWith(blockedImage(image))
  }
  for (const link of fragment.querySelectorAll('a')) {
    if (LINK.test(link.getAttribute('href') ?? '')) {
      link.rel = 'noopener noreferrer nofollow'
      link.target = '_blank'
    } else {
      link.replaceWith(...link.childNodes)
    }
  }
  for (const node of fragment.querySelectorAll('[class]')) keepLanguageOnly(node)
  return fragment
}

/** The nodes of coloured code: words in spans, nothing else. */
export function sanitiseCode(html: string): DocumentFragment {
  return purify.sanitize(html, { ALLOWED_TAGS: ['span'], ALLOWED_ATTR: ['class'], RETURN_DOM_FRAGMENT: true })
}

/** The one class that an answer may bring along: the language of a block of code. */
function keepLanguageOnly(node: Element): void {
  const language = LANGUAGE.exec(node.className)?.[0]
  node.removeAttribute('class')
  if (language && node.matches('pre > code')) node.className = language
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
    link.textContent = image.alt || new URL(address).host
    place.append(link)
  } else {
    place.append(image.alt || 'no address')
  }
  return place
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
