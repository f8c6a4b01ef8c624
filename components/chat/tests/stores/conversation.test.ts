import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StoredMessage, TurnEvent } from '../../src/mixture/events'
import { Conversation } from '../../src/stores/conversation.svelte'
import type { AnswerMessage, QuestionMessage } from '../../src/stores/message.svelte'
import { goldenEvents } from '../golden'
import { ScriptedEventSource } from '../scripted_event_source'

const MOM_IS_AWAY = (): never => {
  throw new TypeError('Failed to fetch')
}
const NOT_FOUND = (): Response => Response.json({ error: { message: 'There is no such chat.', type: null, code: null, param: null } }, { status: 404 })
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
/** The bodies of the questions that the page has asked. */
let questions: Record<string, unknown>[]
const onUnreachable = vi.fn()

const onChanged = vi.fn()

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
  const conversation = new Conversation({ onCreated: vi.fn(), onChanged, onUnreachable }, 'c1')
  await conversation.open()
  return conversation
}

const QUESTION = { content: 'What is in it?', images: [{ url: '/images/0a1b.png' }] as StoredMessage['images'] }
const PICTURE = 'data:image/png;base64,cG5n'
/** With a picture that need not be fetched. */
const PICTURED = { content: 'What is in it?', images: [{ url: PICTURE }] as StoredMessage['images'] }
const ANSWER = { content: 'A fox.' }

describe('the words of a question that is edited', () => {
  const edited = async (asked = QUESTION): Promise<{ conversation: Conversation; question: QuestionMessage }> => {
    const conversation = await opened([asked, ANSWER])
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

  it('are asked in its place, wherever that is', async () => {
    const { conversation, question } = await edited(PICTURED)
    replies['POST /api/chats/c1/messages'] = () => ({ question_id: 'q2', message_id: 'a2', turn_id: 't2' })
    await conversation.askEdited(question)
    expect(questions).toMatchObject([{ content: 'Who is in it?', instead_of: '0', attachments: [PICTURE] }])
    expect(questions[0]).not.toHaveProperty('parent_id')
    conversation.leave()
  })

  it('are not begun before MoM has taken the question, and no earlier question is meant', async () => {
    const conversation = await opened([QUESTION, ANSWER])
    const asked = new Held()
    replies['POST /api/chats/c1/messages'] = () => asked.reply
    const asking = conversation.ask('And now?')
    conversation.editLast()
    expect(conversation.tree.path.map((message) => message.edited)).toEqual([null, null, null, null])
    asked.release({ question_id: 'q2', message_id: 'a2', turn_id: 't2' })
    await asking
    conversation.editLast()
    expect(conversation.tree.path[2]?.edited).toBe('And now?')
    conversation.leave()
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
    conversation.leave()
  })

  it('are drawn with the picture that was attached', async () => {
    const conversation = await opened([PICTURED, ANSWER])
    const answer = conversation.tree.path[1] as AnswerMessage
    answer.edited = { words: 'a fox at night', keepsSeed: true }
    replies['POST /api/chats/c1/messages'] = () => ({ question_id: 'q2', message_id: 'a2', turn_id: 't2' })
    await conversation.drawEdited(answer, 42)
    expect(questions).toMatchObject([{ content: '/image a fox at night', seed: 42, instead_of: '0', attachments: [PICTURE] }])
    conversation.leave()
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

describe('answers that are being written', () => {
  const running = (id: string): Partial<StoredMessage> => ({ turn: { id, status: 'running' } as StoredMessage['turn'] })
  const first = { parent_id: null, role: 'user' as const, content: 'Hello' }
  /** Two versions of a question, both being answered. */
  const two = [first, { ...running('t1') }, first, { ...running('t2') }]
  const followed = (): string[] =>
    ScriptedEventSource.all.filter(({ readyState }) => readyState !== ScriptedEventSource.CLOSED).map(({ url }) => url)

  it('are followed where they are shown only, as a browser has six connections', async () => {
    const conversation = await opened(two)
    expect(followed()).toEqual(['/api/turns/t2/events'])
    conversation.stepVersion(-1)
    expect(followed()).toEqual(['/api/turns/t1/events'])
    conversation.leave()
    expect(followed()).toEqual([])
  })

  it('are asked how they stand where they are not shown', async () => {
    vi.useFakeTimers()
    const conversation = await opened(two)
    replies['GET /api/turns/t1'] = () => ({ status: 'finished' })
    replies['GET /api/chats/c1'] = () => stored([first, ANSWER, first, { ...running('t2') }])
    await vi.advanceTimersByTimeAsync(2500)
    expect(conversation.tree.answers.map(({ isRunning }) => isRunning)).toEqual([false, true])
    expect(conversation.hasNews).toBe(false)
    expect(followed()).toEqual(['/api/turns/t2/events'])
    conversation.leave()
  })

  it('are asked for no longer where the chat was deleted elsewhere, and the list is told', async () => {
    vi.useFakeTimers()
    const conversation = await opened([first, running('t1')])
    conversation.leave()
    const asked = vi.fn(() => NOT_FOUND())
    replies['GET /api/turns/t1'] = asked
    replies['GET /api/chats/c1'] = NOT_FOUND
    await vi.advanceTimersByTimeAsync(20_000)
    expect(asked).toHaveBeenCalledOnce()
    expect(conversation.isGone).toBe(true)
    expect(onChanged).toHaveBeenCalledOnce()
  })
})

describe('an answer that is stopped elsewhere', () => {
  const running = (id: string): Partial<StoredMessage> => ({ turn: { id, status: 'running' } as StoredMessage['turn'] })
  const stopped = { content: 'Once', turn: { id: 't1', status: 'stopped' } as StoredMessage['turn'] }
  const STOPPED: TurnEvent = { name: 'turn_stopped', data: {} }
  const asked = async (): Promise<Conversation> => {
    const conversation = await opened([])
    replies['POST /api/chats/c1/messages'] = () => ({ question_id: '0', message_id: '1', turn_id: 't1' })
    await conversation.ask('A story')
    return conversation
  }
  const edited = stored([{ content: 'A story' }, stopped, { content: 'A short story', parent_id: null }, running('t2')])

  it('gives way to what was asked there in its place, also where this page had asked', async () => {
    const conversation = await asked()
    replies['GET /api/chats/c1'] = () => edited
    ScriptedEventSource.last.send(STOPPED)
    await vi.waitFor(() => { expect((conversation.tree.path[0] as QuestionMessage).content).toBe('A short story') })
    expect(ScriptedEventSource.last.url).toBe('/api/turns/t2/events')
    conversation.stepVersion(-1)
    expect((conversation.tree.path[1] as AnswerMessage).answer).toMatchObject({ status: 'stopped', text: 'Once' })
    conversation.leave()
  })

  it('gives way to another answer that is begun right after', async () => {
    const conversation = await asked()
    vi.useFakeTimers()
    const again = { parent_id: '0', role: 'assistant' as const, ...running('t2') }
    const chats = [stored([{ content: 'A story' }, stopped]), stored([{ content: 'A story' }, stopped, again])]
    replies['GET /api/chats/c1'] = () => chats.shift()
    ScriptedEventSource.last.send(STOPPED)
    await vi.advanceTimersByTimeAsync(0)
    expect(conversation.tree.path.map(({ id }) => id)).toEqual(['0', '1'])
    await vi.advanceTimersByTimeAsync(2000)
    expect(conversation.tree.path.map(({ id }) => id)).toEqual(['0', '2'])
    conversation.leave()
  })

  it('stays where it is, where nothing else was asked', async () => {
    const conversation = await asked()
    vi.useFakeTimers()
    const read = vi.fn(() => stored([{ content: 'A story' }, stopped]))
    replies['GET /api/chats/c1'] = read
    ScriptedEventSource.last.send(STOPPED)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(read).toHaveBeenCalledTimes(2)
    expect(conversation.tree.path).toHaveLength(2)
  })

  it('is not read again where this page has stopped it', async () => {
    const conversation = await asked()
    const read = vi.fn(() => edited)
    replies['GET /api/chats/c1'] = read
    replies['POST /api/turns/t1/stop'] = () => ({})
    conversation.running?.stop()
    ScriptedEventSource.last.send(STOPPED)
    expect(read).not.toHaveBeenCalled()
  })
})

describe('a question sent', () => {
  const REPLY = { question_id: 'q2', message_id: 'a2', turn_id: 't2' }

  it('while the chat is read again is asked after that, and follows what was said elsewhere', async () => {
    const conversation = await opened([{ content: 'Hello' }, ANSWER])
    const read = new Held()
    replies['GET /api/chats/c1'] = () => read.reply
    replies['POST /api/chats/c1/messages'] = () => REPLY
    const reading = conversation.read()
    conversation.draft = 'And now?'
    await conversation.send()
    expect(conversation.draft).toBe('And now?')
    read.release(stored([{ content: 'Hello' }, ANSWER, { content: 'From my phone' }, ANSWER]))
    await reading
    await vi.waitFor(() => { expect(conversation.tree.path).toHaveLength(6) })
    expect(conversation.draft).toBe('')
    expect(conversation.tree.path[4]?.parent?.id).toBe('3')
    conversation.leave()
  })

  it('waits no longer once other words are written', async () => {
    const conversation = await opened([{ content: 'Hello' }, ANSWER])
    const read = new Held()
    replies['GET /api/chats/c1'] = () => read.reply
    const reading = conversation.read()
    conversation.draft = 'And'
    await conversation.send()
    conversation.draft = 'And now?'
    read.release(stored([{ content: 'Hello' }, ANSWER]))
    await reading
    expect(conversation.tree.path).toHaveLength(2)
    expect(conversation.draft).toBe('And now?')
  })

  it('is another one where other pictures are attached', async () => {
    const conversation = await opened([{ content: 'Hello' }, ANSWER])
    const asked: string[] = []
    vi.stubGlobal('fetch', (_: string, { body }: RequestInit) => {
      asked.push((JSON.parse(body as string) as { client_id: string }).client_id)
      return Promise.reject(new TypeError('Failed to fetch'))
    })
    for (const picture of ['data:image/png;base64,AAAA', 'data:image/png;base64,AAAA', 'data:image/png;base64,BBBB']) {
      await conversation.ask('What is it?', { attachments: [picture] })
    }
    expect(asked[1]).toBe(asked[0])
    expect(asked[2]).not.toBe(asked[0])
  })

  it('that had arrived, though nobody said so, is found and not kept to be sent again', async () => {
    const conversation = await opened([{ content: 'Hello' }, ANSWER])
    replies['POST /api/chats/c1/messages'] = MOM_IS_AWAY
    conversation.attached = [PICTURE]
    conversation.draft = 'What is it?'
    await conversation.send()
    conversation.draft += '\nAnd what else?'
    await conversation.read()
    expect([conversation.draft, conversation.attached]).toEqual(['What is it?\nAnd what else?', [PICTURE]])
    const turn = { id: 't2', status: 'finished', client_id: questions[0]?.client_id } as StoredMessage['turn']
    replies['GET /api/chats/c1'] = () => stored([{ content: 'Hello' }, ANSWER, { content: 'What is it?' }, { ...ANSWER, turn }])
    await conversation.read()
    expect([conversation.draft, conversation.attached, conversation.error]).toEqual(['And what else?', [], ''])
  })

  it('as another version is found as well, and its words are edited no longer', async () => {
    const conversation = await opened([{ content: 'Hello' }, ANSWER])
    const question = conversation.tree.path[0] as QuestionMessage
    replies['POST /api/chats/c1/messages'] = MOM_IS_AWAY
    question.edited = 'Hello there'
    await conversation.askEdited(question)
    expect(question.edited).toBe('Hello there')
    const turn = { id: 't2', status: 'finished', client_id: questions[0]?.client_id } as StoredMessage['turn']
    replies['GET /api/chats/c1'] = () => stored([{ content: 'Hello' }, ANSWER, { content: 'Hello there', parent_id: null }, { ...ANSWER, turn }])
    await conversation.read()
    expect(question.edited).toBeNull()
  })

  it('as a first one leaves what is written after it to its own chat', async () => {
    const kept = new Map<string, string>()
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
      removeItem: (key: string) => kept.delete(key),
    })
    const created = new Held()
    replies['POST /api/chats'] = () => created.reply
    replies['POST /api/chats/c9/messages'] = () => REPLY
    const conversation = new Conversation({ onCreated: vi.fn(), onChanged, onUnreachable })
    conversation.draft = 'Hello'
    const sending = conversation.send()
    conversation.draft = 'And then'
    created.release({ id: 'c9' })
    await sending
    expect(Object.fromEntries(kept)).toEqual({ 'mom-draft-c9': 'And then' })
    conversation.leave()
  })
})
