/**
 * Text files in a message: they stand before the person's own words, each as a line with its name and a fenced block, as every
 * model reads them. The server knows this form, too (src/mom/mixture/text_files.py).
 */

export interface TextFile {
  name: string
  text: string
}

/** A message as it is sent. Each fence is longer than any in its file, so that nothing within ends the block. */
export function withFiles(files: readonly TextFile[], words: string): string {
  const blocks = files.map(({ name, text }) => {
    const longest = Math.max(2, ...(text.match(/`{3,}/g) ?? []).map(({ length }) => length))
    const fence = '`'.repeat(longest + 1)
    return `File: ${name}\n${fence}\n${text}\n${fence}`
  })
  return [...blocks, words].filter(Boolean).join('\n\n')
}

/** The files of a message, and the person's own words. */
export function splitFiles(content: string): { files: TextFile[]; words: string } {
  const files: TextFile[] = []
  const beginning = /File: ([^\n]+)\n(`{3,})\n/y
  let start = 0
  for (;;) {
    beginning.lastIndex = start
    const [head, name = '', fence = ''] = beginning.exec(content) ?? []
    if (head === undefined) break
    const from = start + head.length
    const end = content.indexOf(`\n${fence}`, from)
    const after = end + 1 + fence.length
    if (end < 0 || !(after === content.length || content.startsWith('\n\n', after))) break
    files.push({ name, text: content.slice(from, end) })
    start = after + 2
  }
  return { files, words: content.slice(start) }
}

/** What a file takes of a message, in bytes. */
export const bytesOf = ({ text }: TextFile): number => new TextEncoder().encode(text).length
