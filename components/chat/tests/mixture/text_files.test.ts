import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { bytesOf, splitFiles, type TextFile, withFiles } from '../../src/mixture/text_files'

interface Case {
  content: string
  files: TextFile[]
  words: string
}
const cases = JSON.parse(readFileSync(new URL('../../../../tests/golden/files_in_messages.json', import.meta.url), 'utf8')) as Case[]

it.each(cases)('files are told from the words as the server does: $content', ({ content, files, words }) => {
  expect(splitFiles(content)).toEqual({ files, words })
})

it.each(cases)('what is split is put together again', ({ content, files, words }) => {
  expect(splitFiles(withFiles(files, words))).toEqual({ files, words })
  if (!content.includes('````')) expect(withFiles(files, words)).toBe(content)
})

it.each(['', '\n', '```\n', '`````\nFile: b\n```\n\n```', '\n\n````'])('nothing within a file ends it: %j', (text) => {
  expect(splitFiles(withFiles([{ name: 'a', text }], 'Hm'))).toEqual({ files: [{ name: 'a', text }], words: 'Hm' })
})

it('a size is in bytes, as the server counts', () => {
  expect(bytesOf({ name: 'a', text: 'ß狐' })).toBe(5)
})
