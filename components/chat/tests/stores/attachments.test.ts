import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { attachFiles, attachShown } from '../../src/stores/attachments'
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
  const files = [file('a.py', 'x = 1\r\n'), file('b.zip', 'PK\0'), file('c\u202e.md', '\ufeffß'), file('d.csv', new Uint8Array([0xe4])), file('e.txt', '\n')]
  await attachFiles(chat, files)
  expect(chat.draft.files).toEqual([{ name: 'a.py', text: 'x = 1' }, { name: 'c .md', text: 'ß' }])
  expect(chat.error).toMatch(/^b\.zip is neither a picture \(PNG, JPEG, WebP\), a PDF, nor a text in UTF-8\. .* d\.csv is neither .* e\.txt is empty\.$/)
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

interface Sent {
  url: string
  init: RequestInit
  answer: (reply: unknown, status?: number) => void
}

/** What was asked of MoM, to be answered by the test. */
function scriptedServer(): Sent[] {
  const sent: Sent[] = []
  vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      init.signal?.addEventListener('abort', () => { reject(new DOMException('aborted', 'AbortError')) })
      if (init.signal?.aborted) reject(new DOMException('aborted', 'AbortError'))
      sent.push({ url, init, answer: (reply, status = 200) => { resolve(new Response(JSON.stringify(reply), { status })) } })
    }))
  return sent
}

it('the text of a PDF is attached in its place; nothing is sent before it has been read', async () => {
  const sent = scriptedServer()
  const chat = newChat()
  const pdf = file('a b.PDF', '%PDF-')
  const attaching = attachFiles(chat, [file('a.txt', 'one'), pdf, file('c.txt', 'three')])
  expect(chat.draft.readings.map(({ name }) => name)).toEqual(['a b.PDF'])
  await vi.waitFor(() => { expect(sent).toHaveLength(1) })
  expect([sent[0]?.url, sent[0]?.init.body]).toEqual(['/api/files/text?name=a+b.PDF', pdf])
  expect(chat.canSend).toBe(false)
  sent[0]?.answer({ text: 'two' })
  await attaching
  expect(chat.draft.files).toEqual([{ name: 'a.txt', text: 'one' }, { name: 'a b.PDF', text: 'two' }, { name: 'c.txt', text: 'three' }])
  expect([chat.canSend, chat.error]).toEqual([true, ''])
})

it('a PDF that is removed while it is read, or before, is not attached, and said nothing of', async () => {
  const sent = scriptedServer()
  const chat = newChat()
  const attaching = attachFiles(chat, [file('a.pdf'), file('b.pdf')])
  await vi.waitFor(() => { expect(sent).toHaveLength(1) })
  for (const reading of chat.draft.readings) chat.draft.endReading(reading)
  await attaching
  expect([chat.draft.files, chat.draft.readings, chat.error]).toEqual([[], [], ''])
  expect(sent[0]?.init.signal?.aborted).toBe(true)
})

it('why a PDF was refused is shown as MoM says it, but one that is too long as any file', async () => {
  const sent = scriptedServer()
  const chat = newChat()
  const attaching = attachFiles(chat, [file('a.pdf'), file('b.pdf'), file('c.pdf', new Uint8Array(20_000_001))])
  await vi.waitFor(() => { expect(sent).toHaveLength(1) })
  sent[0]?.answer({ error: { message: 'a.pdf is a scan.', code: 'invalid_attachment' } }, 400)
  await vi.waitFor(() => { expect(sent).toHaveLength(2) })
  sent[1]?.answer({ error: { message: 'More than 100 kB.', code: 'message_too_long' } }, 413)
  await attaching
  expect(chat.error).toBe('a.pdf is a scan. b.pdf does not fit: the text files of a message may have 90 kB together. Attach the part that matters. c.pdf is larger than 20 MB. Attach the pages that matter.')
})

it('a picture of the chat that is gone is said to be, and nothing is attached', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 404 })))
  const chat = newChat()
  await attachShown(chat, 'http://mom.test/images/1.png')
  expect(chat.error).toBe('The picture could not be read again.')
  expect(chat.draft.pictures).toEqual([])
})

it('a picture of the chat that is attached twice is sent once', async () => {
  const chat = newChat()
  await Promise.all([attachShown(chat, 'data:image/png;base64,Zm94'), attachShown(chat, 'data:image/png;base64,Zm94')])
  expect(chat.draft.pictures).toEqual(['data:image/png;base64,Zm94'])
})
