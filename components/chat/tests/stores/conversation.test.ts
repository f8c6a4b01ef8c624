import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StoredMessage, TurnEvent } from '../../src/mixture/events'
import { Conversation } from '../../src/stores/conversation.svelte'
import type { AnswerMessage, QuestionMessage } from '../../src/stores/message.svelte'
import { goldenEvents } from '../golden'
import { ScriptedEventSource } from '../scripted_event_source'

const MOM_IS_AWAY = (): never => {
  throw new TypeError('Failed to fetch')
}
const REFUSED = (): Response => Response.json({ error: { message: 'Not now.', type: null, code: null, param: null } }, { status: 409 })

/** A reply that a test keeps back until `release()`. */
class Held {
  release: (reply: unknown) => void = () => undefined
  readonly reply = new Promise((resolve) => {
    this.release = resolve
  })
}

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
  const plain = { content: '', reasoning: '', image_prompt: '', images: [], verdict: null, turn: null } as Partial<StoredMessage>
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

describe('a chat that is read while something is asked', () => {
  const REPLY = { question_id: 'q2', message_id: '2', turn_id: 't2' }
  const TURN = { id: 't1', status: 'finished' } as StoredMessage['turn']
  const before = [{ content: 'Hello' }, { ...ANSWER, turn: TURN }]
  const after = [...before, { parent_id: '0', role: 'assistant' as const, content: '', turn: { id: 't2', status: 'running' } as StoredMessage['turn'] }]

  it('does not lose the answer that was begun meanwhile', async () => {
    const conversation = await opened(before)
    const [read, retry] = [new Held(), new Held()]
    replies['GET /api/chats/c1'] = () => read.reply
    replies['POST /api/turns/t1/retry'] = () => retry.reply
    const reading = conversation.read()
    const retrying = conversation.retry(conversation.tree.path[1] as AnswerMessage)
    read.release(stored(before))
    await reading
    expect(conversation.tree.answers).toHaveLength(2)
    replies['GET /api/chats/c1'] = () => stored(after)
    retry.release(REPLY)
    await retrying
    expect(conversation.tree.path.at(-1)?.id).toBe('2')
  })

  it('is read after that', async () => {
    const conversation = await opened(before)
    const retry = new Held()
    replies['POST /api/turns/t1/retry'] = () => retry.reply
    const retrying = conversation.retry(conversation.tree.path[1] as AnswerMessage)
    await conversation.read()
    replies['GET /api/chats/c1'] = () => ({ ...stored(after), title: 'Read again' })
    retry.release(REPLY)
    await retrying
    await vi.waitFor(() => { expect(conversation.title).toBe('Read again') })
    expect(conversation.isLoading).toBe(false)
    expect(conversation.tree.answers).toHaveLength(2)
  })

  it('becomes what the newest read says', async () => {
    const conversation = await opened(before)
    const read = new Held()
    replies['GET /api/chats/c1'] = () => read.reply
    const reading = conversation.read()
    replies['GET /api/chats/c1'] = () => stored(after)
    await conversation.read()
    read.release(stored(before))
    await reading
    expect(conversation.tree.answers).toHaveLength(2)
  })
})

it('the events that an answer has had are no longer timed when it is followed again', async () => {
  const conversation = await opened([])
  replies['POST /api/chats/c1/messages'] = () => ({ question_id: '0', message_id: '1', turn_id: 't1' })
  const routed = goldenEvents('text_answer').find((event) => event.name === 'routed') as TurnEvent
  await conversation.ask('Hello')
  const answer = conversation.tree.path[1] as AnswerMessage
  ScriptedEventSource.last.send(routed)
  conversation.leave()
  expect(answer.answer.timings).toHaveProperty('routed_ms')
  replies['GET /api/chats/c1'] = () => stored([{ content: 'Hello' }, { turn: { id: 't1', status: 'running' } as StoredMessage['turn'] }])
  await conversation.open()
  ScriptedEventSource.last.send(routed)
  conversation.leave()
  expect(answer.answer.verdict).not.toBeNull()
  expect(answer.answer.timings).toEqual({})
})
