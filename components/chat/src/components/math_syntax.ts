/** Where a text holds mathematics: `$…$` and `\(…\)` within a line, `$$…$$` and `\[…\]` on lines of their own. */

import type { MarkedExtension, Tokens } from 'marked'

/**
 * As pandoc reads it: no space within the dollars and no digit behind them, so that "$5 or $10" is money. The lengths are bounded, as
 * a model that repeats an opening mark without end would have each one looked for to the end of the text.
 */
const INLINE = [/^\$(?![\s$])((?:\\.|[^\\\n$]){1,1000}?)(?<!\s)\$(?!\d)/, /^\\\(((?:.|\n(?!\n)){1,1000}?)\\\)/]
const BLOCK = [/^ {0,3}\$\$((?:.|\n(?!\n)){1,5000}?)\$\$[^\S\n]*(?:\n|$)/, /^ {0,3}\\\[((?:.|\n(?!\n)){1,5000}?)\\\][^\S\n]*(?:\n|$)/]
const IN_LINE_DISPLAY = /^\$\$([^\n$]{1,1000}?)\$\$/

/** What ends a paragraph's line: an empty line, or the mark that a formula may begin with. */
const NEXT_LINE = /\n(?:[^\S\n]*\n|( {0,3}(?:\$\$|\\\[)))/g

type MathToken = Tokens.Generic & { tex: string; isDisplay: boolean }

function read(src: string, type: string, rules: RegExp[], isDisplay: boolean): MathToken | undefined {
  for (const rule of rules) {
    const match = rule.exec(src)
    if (match?.[1]?.trim()) return { type, raw: match[0], tex: match[1].trim(), isDisplay }
  }
  return undefined
}

const readBlock = (src: string) => read(src, 'mathBlock', BLOCK, true)

/** Where the paragraph at the head of `src` ends for a formula. A mark alone ends nothing: marked would read on anew from each. */
function findBlock(src: string): number | undefined {
  for (const { index, 1: mark } of src.matchAll(NEXT_LINE)) {
    if (mark === undefined) return undefined
    if (readBlock(src.slice(index + 1))) return index
  }
  return undefined
}

/** Where the first of the marks stands. (A regex for them all is ten times as slow, and marked asks again at each word.) */
function findInline(src: string): number | undefined {
  const found = ['$', '\\('].map((mark) => src.indexOf(mark)).filter((index) => index >= 0)
  return found.length ? Math.min(...found) : undefined
}

/** `write` gives the HTML of a formula. */
export const mathSyntax = (write: (tex: string, isDisplay: boolean) => string): MarkedExtension => ({
  extensions: [
    {
      name: 'mathBlock',
      level: 'block',
      start: findBlock,
      tokenizer: readBlock,
      renderer: (token) => `<p>${write((token as MathToken).tex, true)}</p>`,
    },
    {
      name: 'mathInline',
      level: 'inline',
      start: findInline,
      tokenizer: (src) => read(src, 'mathInline', [IN_LINE_DISPLAY], true) ?? read(src, 'mathInline', INLINE, false),
      renderer: (token) => write((token as MathToken).tex, (token as MathToken).isDisplay),
    },
  ],
})
