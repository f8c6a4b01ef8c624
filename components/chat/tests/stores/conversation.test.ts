import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StoredMessage } from '../../src/mixture/events'
import { Conversation } from '../../src/stores/conversation.svelte'
import type { AnswerMessage, QuestionMessage } from '../../src/stores/message.svelte'
import { ScriptedEventSource } from '../scripted_event_source'

const MOM_IS_AWAY = (): never => {
  throw new TypeError('Failed to fetch')
}
const REFUSED = (): Response => Response.json({ error: { message: 'Not now.', type: null, code: null, param: null } }, { status: 409 })

/** What MoM answers to each request; whatever stands nowhere here fails. */
let replies: Record<string, () => unknown>
const onUnreachable = vi.fn()

beforeEach(() => {
  replies = {}
  onUnreachable.mockClear()
  vi.stubGlobal('EventSource', ScriptedEventSource)
  vi.stubGlobal('fetch', async (address: string, { method = 'GET' }: RequestInit) => {
    const reply = await replies[`${method} ${address}`]?.()
    return reply instanceof Response ? reply : Response.json(reply)
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
})

function stored(messages: Partial<StoredMessage>[]): { id: string; title: string; messages: StoredMessage[] } {
  const plain = { content: '', reasoning: '', images: [], verdict: null, turn: null } as Partial<StoredMessage>
  const whole = messages.map((message, index) => ({
    ...plain,
    id: String(index),
    parent_id: index === 0 ? null : String(index - 1),
    role: index % 2 === 0 ? 'user' : 'assistant',
    ...message,
  }))
  return { id: 'c1', title: 'Hello', messages: whole as StoredMessage[] }
}

async function opened(messages: Partial<StoredMessage>[]): Promise<Conversation> {
  replies['GET /api/chats/c1'] = () => stored(messages)
  const conversation = new Conversation({ onCreated: vi.fn(), onChanged: vi.fn(), onUnreachable }, 'c1')
  await conversation.open()
  return conversation
}

const QUESTION = { content: 'What is in it?', images: [{ url: '/images/0a1b.png' }] as StoredMessage['images'] }
const ANSWER = { content: 'A fox.' }

describe('the words of a question that is edited', () => {
  const edited = async (): Promise<{ conversation: Conversation; question: QuestionMessage }> => {
    const conversation = await opened([QUESTION, ANSWER])
    conversation.editLast()
    const question = conversation.tree.path[0] as QuestionMessage
    expect(question.edited).toBe('What is in it?')
    question.edited = 'Who is in it?'
    return { conversation, question }
  }

  it('are kept where MoM cannot be reached for its picture, and the page is told', async () => {
    const { conversation, question } = await edited()
    replies['GET /images/0a1b.png'] = MOM_IS_AWAY
    await conversation.askEdited(question)
    expect(question.edited).toBe('Who is in it?')
    expect(conversation.error).toMatch(/^MoM could not be reached/)
    expect(onUnreachable).toHaveBeenCalledOnce()
  })
})

describe('the words of a prompt that is edited', () => {
  const edited = async (): Promise<{ conversation: Conversation; answer: AnswerMessage }> => {
    const conversation = await opened([{ content: 'Draw a fox' }, ANSWER])
    const answer = conversation.tree.path[1] as AnswerMessage
    answer.edited = { words: 'a fox at night', keepsSeed: true }
    return { conversation, answer }
  }

  it('are kept where MoM refuses them', async () => {
    const { conversation, answer } = await edited()
    replies['POST /api/chats/c1/messages'] = REFUSED
    await conversation.drawEdited(answer, 42)
    expect(answer.edited).toEqual({ words: 'a fox at night', keepsSeed: true })
    expect(conversation.tree.path.at(-1)).toBe(answer)
    expect(conversation.error).toBe('Not now.')
  })

  it('have done their work once MoM has taken them', async () => {
    const { conversation, answer } = await edited()
    replies['POST /api/chats/c1/messages'] = () => ({ question_id: 'q2', message_id: 'a2', turn_id: 't2' })
    await conversation.drawEdited(answer, 42)
    expect(answer.edited).toBeNull()
    expect((conversation.tree.path[0] as QuestionMessage).content).toBe('/image a fox at night')
  })
})
