/** Bold and struck through as models write them, also where the rules of CommonMark see neither. */

import type { MarkedExtension } from 'marked'

/** Two asterisks on each side, none within but in code. CommonMark wants a space or a sign beside them, which Chinese, Japanese and Korean do not write. */
const STRONG = /^\*\*(?![\s*])((?:\\.|`[^`\n]*`|[^*`\\\n])*(?:\\.|`[^`\n]*`|[^\s*`\\]))\*\*(?!\*)/

export const emphasis: MarkedExtension = {
  extensions: [
    {
      name: 'strong',
      level: 'inline',
      tokenizer(src) {
        const [raw, text] = STRONG.exec(src) ?? []
        return raw && text ? { type: 'strong', raw, text, tokens: this.lexer.inlineTokens(text) } : undefined
      },
    },
  ],
  tokenizer: {
    /** Two tildes strike through; one is "about", or "to" as in "1~2 hours". */
    del: (src) => (src.startsWith('~~') ? false : undefined),
  },
}
