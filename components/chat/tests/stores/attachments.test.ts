import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { attachFiles } from '../../src/stores/attachments'
import { Conversation } from '../../src/stores/conversation.svelte'

/** Ends the decoding of a picture, by its file's name. */
let decode: Map<string, () => void>

beforeEach(() => {
  decode = new Map()
  vi.stubGlobal(
    'FileReader',
    class {
      result = ''
      onload: () => void = () => undefined
      readAsDataURL(file: File): void {
        this.result = file.name
        this.onload()
      }
    },
  )
  vi.stubGlobal(
    'Image',
    class {
      src = ''
      decode(): Promise<void> {
        return new Promise((resolve) => decode.set(this.src, resolve))
      }
    },
  )
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const picture = (name: string): File => new File([], name, { type: 'image/png' })
const newChat = (): Conversation => new Conversation({ onCreated: vi.fn(), onChanged: vi.fn(), onUnreachable: vi.fn() })

async function decoded(name: string): Promise<void> {
  await vi.waitFor(() => { expect(decode.has(name)).toBe(true) })
  decode.get(name)?.()
}

it('pictures that are decoded at the same time are all attached', async () => {
  const chat = newChat()
  const both = [attachFiles(chat, [picture('a')]), attachFiles(chat, [picture('b')])]
  await decoded('b')
  await decoded('a')
  await Promise.all(both)
  expect(chat.draft.pictures).toEqual(['b', 'a'])
})

it('a picture that went while another one was decoded does not come back', async () => {
  const chat = newChat()
  chat.draft.pictures = ['sent']
  const attaching = attachFiles(chat, [picture('a')])
  chat.draft.pictures = []
  await decoded('a')
  await attaching
  expect(chat.draft.pictures).toEqual(['a'])
})

it('four pictures can be attached to a message, however they are attached', async () => {
  const chat = newChat()
  const names = ['a', 'b', 'c', 'd', 'e']
  const attaching = names.map((name) => attachFiles(chat, [picture(name)]))
  for (const name of names) await decoded(name)
  await Promise.all(attaching)
  expect(chat.draft.pictures).toEqual(['a', 'b', 'c', 'd'])
  expect(chat.error).toBe('At most 4 pictures can be attached to a message.')
})

const file = (name: string, ...parts: BlobPart[]): File => new File(parts, name)

it('a text file is attached by its name, and one that is refused keeps no other away', async () => {
  const chat = newChat()
  const files = [file('a.py', 'x = 1\r\n'), file('b.pdf', '%PDF\0'), file('c\u202e.md', '\ufeffß'), file('d.csv', new Uint8Array([0xe4])), file('e.txt', '\n')]
  await attachFiles(chat, files)
  expect(chat.draft.files).toEqual([{ name: 'a.py', text: 'x = 1' }, { name: 'c .md', text: 'ß' }])
  expect(chat.error).toMatch(/^b\.pdf is neither a picture \(PNG, JPEG, WebP\) nor a text in UTF-8\. .* d\.csv is neither .* e\.txt is empty\.$/)
})

it('text files have 90 kB together, and a larger one says so', async () => {
  const chat = newChat()
  await attachFiles(chat, [file('a.log', 'a'.repeat(60_000)), file('b.log', 'ß'.repeat(20_000)), file('c.log', 'c'.repeat(30_000)), file('d.log', 'ß'.repeat(5e6))])
  expect(chat.draft.files.map(({ name }) => name)).toEqual(['a.log', 'c.log'])
  expect(chat.error).toMatch(/^b\.log does not fit: the text files of a message may have 90 kB together\. Attach the part that matters\. d\.log does not fit/)
})

it('what is no text is said to be none, however large', async () => {
  const chat = newChat()
  await attachFiles(chat, [file('a.mp4', new Uint8Array(1_000_000))])
  expect(chat.error).toMatch(/^a\.mp4 is neither/)
})
