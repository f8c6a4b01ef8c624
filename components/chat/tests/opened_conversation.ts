/** A conversation with a MoM that answers as a test says; each test begins with one that answers nothing. */

import { afterEach, beforeEach, vi } from 'vitest'
import type { StoredMessage } from '../src/mixture/events'
import { Conversation } from '../src/stores/conversation.svelte'
import { ScriptedEventSource } from './scripted_event_source'

export const MOM_IS_AWAY = (): never => {
  throw new TypeError('Failed to fetch')
}
export const NOT_FOUND = (): Response => Response.json({ error: { message: 'There is no such chat.', type: null, code: null, param: null } }, { status: 404 })
export const REFUSED = (): Response => Response.json({ error: { message: 'Not now.', type: null, code: null, param: null } }, { status: 409 })

/** A reply that a test keeps back until `release()`. */
export class Held {
  release: (reply: unknown) => void = () => undefined
  readonly reply = new Promise((resolve) => {
    this.release = resolve
  })
}

/** What MoM answers to each request; whatever stands nowhere here fails. */
export let replies: Record<string, () => unknown>
/** The bodies of the questions that the page has asked. */
export let questions: Record<string, unknown>[]
export const onUnreachable = vi.fn()

export const onChanged = vi.fn()

beforeEach(() => {
  replies = {}
  questions = []
  ScriptedEventSource.all = []
  onUnreachable.mockClear()
  onChanged.mockClear()
  vi.stubGlobal('EventSource', ScriptedEventSource)
  vi.stubGlobal('fetch', async (address: string, { method = 'GET', body }: RequestInit) => {
    if (address.endsWith('/messages')) questions.push(JSON.parse(body as string) as Record<string, unknown>)
    const reply = await replies[`${method} ${address}`]?.()
    return reply instanceof Response ? reply : Response.json(reply)
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

export function stored(messages: Partial<StoredMessage>[]): { id: string; title: string; messages: StoredMessage[] } {
  const plain = { content: '', reasoning: '', image_prompt: '', preview: '', images: [], verdict: null, turn: null } as Partial<StoredMessage>
  const whole = messages.map((message, index) => ({
    ...plain,
    id: String(index),
    parent_id: index === 0 ? null : String(index - 1),
    role: index % 2 === 0 ? 'user' : 'assistant',
    ...message,
  }))
  return { id: 'c1', title: 'Hello', messages: whole as StoredMessage[] }
}

export async function opened(messages: Partial<StoredMessage>[]): Promise<Conversation> {
  replies['GET /api/chats/c1'] = () => stored(messages)
  const conversation = new Conversation({ onCreated: vi.fn(), onChanged, onUnreachable }, 'c1')
  await conversation.open()
  return conversation
}

export const QUESTION = { content: 'What is in it?', images: [{ url: '/images/0a1b.png' }] as StoredMessage['images'] }
export const PICTURE = 'data:image/png;base64,cG5n'
/** With a picture that need not be fetched. */
export const PICTURED = { content: 'What is in it?', images: [{ url: PICTURE }] as StoredMessage['images'] }
export const ANSWER = { content: 'A fox.' }
