import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { attachPictures } from '../../src/stores/attachments'
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
  const both = [attachPictures(chat, [picture('a')]), attachPictures(chat, [picture('b')])]
  await decoded('b')
  await decoded('a')
  await Promise.all(both)
  expect(chat.attached).toEqual(['b', 'a'])
})

it('a picture that went while another one was decoded does not come back', async () => {
  const chat = newChat()
  chat.attached = ['sent']
  const attaching = attachPictures(chat, [picture('a')])
  chat.attached = []
  await decoded('a')
  await attaching
  expect(chat.attached).toEqual(['a'])
})

it('four pictures can be attached to a message, however they are attached', async () => {
  const chat = newChat()
  const names = ['a', 'b', 'c', 'd', 'e']
  const attaching = names.map((name) => attachPictures(chat, [picture(name)]))
  for (const name of names) await decoded(name)
  await Promise.all(attaching)
  expect(chat.attached).toEqual(['a', 'b', 'c', 'd'])
  expect(chat.error).toBe('At most 4 pictures can be attached to a message.')
})
