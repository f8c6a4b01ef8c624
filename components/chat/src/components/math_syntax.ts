/** Where a text holds mathematics: `$…$` and `\(…\)` within a line, `$$…$$` and `\[…\]` on lines of their own. */

import type { MarkedExtension, Tokens } from 'marked'

/** As pandoc reads it: no space within the dollars and no digit behind them, so that "$5 or $10" is money. */
const INLINE = [/^\$(?![\s$])((?:\\.|[^\\\n$])+?)(?<!\s)\$(?!\d)/, /^\\\(((?:.|\n(?!\n))+?)\\\)/]
const BLOCK = [/^ {0,3}\$\$((?:.|\n(?!\n))+?)\$\$[^\S\n]*(?:\n|$)/, /^ {0,3}\\\[((?:.|\n(?!\n))+?)\\\][^\S\n]*(?:\n|$)/]
const IN_LINE_DISPLAY = /^\$\$([^\n$]+?)\$\$/

type MathToken = Tokens.Generic & { tex: string; isDisplay: boolean }

function read(src: string, type: string, rules: RegExp[], isDisplay: boolean): MathToken | undefined {
  for (const rule of rules) {
    const match = rule.exec(src)
    if (match?.[1]?.trim()) return { type, raw: match[0], tex: match[1].trim(), isDisplay }
  }
  return undefined
}

/** `write` gives the HTML of a formula. */
export const mathSyntax = (write: (tex: string, isDisplay: boolean) => string): MarkedExtension => ({
  extensions: [
    {
      name: 'mathBlock',
      level: 'block',
      start: (src) => /(?:^|\n) {0,3}(?:\$\$|\\\[)/.exec(src)?.index,
      tokenizer: (src) => read(src, 'mathBlock', BLOCK, true),
      renderer: (token) => `<p>${write((token as MathToken).tex, true)}</p>`,
    },
    {
      name: 'mathInline',
      level: 'inline',
      start: (src) => /\$|\\\(/.exec(src)?.index,
      tokenizer: (src) => read(src, 'mathInline', [IN_LINE_DISPLAY], true) ?? read(src, 'mathInline', INLINE, false),
      renderer: (token) => write((token as MathToken).tex, (token as MathToken).isDisplay),
    },
  ],
})
