import { describe, expect, it, vi } from 'vitest'
import type { StoredMessage } from '../../src/mixture/events'
import { Conversation } from '../../src/stores/conversation.svelte'
import type { AnswerMessage, QuestionMessage } from '../../src/stores/message.svelte'
import { ANSWER, Held, MOM_IS_AWAY, onChanged, onUnreachable, opened, PICTURE, PICTURED, QUESTION, questions, REFUSED, replies, stored } from '../opened_conversation'

const FILE = 'File: a.txt\n```\nA fox.\n```'

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
    expect(conversation.error).toMatch(/^MoM cannot be reached/)
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

  it('are asked with the files of the question, which are not edited', async () => {
    const { conversation, question } = await edited({ content: `${FILE}\n\nWhat is in it?`, images: [] })
    replies['POST /api/chats/c1/messages'] = () => ({ question_id: 'q2', message_id: 'a2', turn_id: 't2' })
    await conversation.askEdited(question)
    expect(questions).toMatchObject([{ content: `${FILE}\n\nWho is in it?` }])
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
    answer.edited = { pictureId: 'p1', words: 'a fox at night', keepsSeed: true }
    return { conversation, answer }
  }

  it('are kept where MoM refuses them', async () => {
    const { conversation, answer } = await edited()
    replies['POST /api/chats/c1/messages'] = REFUSED
    await conversation.drawEdited(answer, 42)
    expect(answer.edited).toEqual({ pictureId: 'p1', words: 'a fox at night', keepsSeed: true })
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
    answer.edited = { pictureId: 'p1', words: 'a fox at night', keepsSeed: true }
    replies['POST /api/chats/c1/messages'] = () => ({ question_id: 'q2', message_id: 'a2', turn_id: 't2' })
    await conversation.drawEdited(answer, 42)
    expect(questions).toMatchObject([{ content: '/image a fox at night', seed: 42, instead_of: '0', attachments: [PICTURE] }])
    conversation.leave()
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
    conversation.draft.words = 'And now?'
    await conversation.send()
    expect(conversation.draft.words).toBe('And now?')
    read.release(stored([{ content: 'Hello' }, ANSWER, { content: 'From my phone' }, ANSWER]))
    await reading
    await vi.waitFor(() => { expect(conversation.tree.path).toHaveLength(6) })
    expect(conversation.draft.words).toBe('')
    expect(conversation.tree.path[4]?.parent?.id).toBe('3')
    conversation.leave()
  })

  it('waits no longer once other words are written', async () => {
    const conversation = await opened([{ content: 'Hello' }, ANSWER])
    const read = new Held()
    replies['GET /api/chats/c1'] = () => read.reply
    const reading = conversation.read()
    conversation.draft.words = 'And'
    await conversation.send()
    conversation.draft.words = 'And now?'
    read.release(stored([{ content: 'Hello' }, ANSWER]))
    await reading
    expect(conversation.tree.path).toHaveLength(2)
    expect(conversation.draft.words).toBe('And now?')
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
    conversation.draft.pictures = [PICTURE]
    conversation.draft.words = 'What is it?'
    await conversation.send()
    conversation.draft.words += '\nAnd what else?'
    await conversation.read()
    expect([conversation.draft.words, conversation.draft.pictures]).toEqual(['What is it?\nAnd what else?', [PICTURE]])
    const turn = { id: 't2', status: 'finished', client_id: questions[0]?.client_id } as StoredMessage['turn']
    replies['GET /api/chats/c1'] = () => stored([{ content: 'Hello' }, ANSWER, { content: 'What is it?' }, { ...ANSWER, turn }])
    await conversation.read()
    expect([conversation.draft.words, conversation.draft.pictures, conversation.error]).toEqual(['And what else?', [], ''])
  })

  it('that had arrived is looked for at once where MoM is there', async () => {
    const conversation = await opened([{ content: 'Hello' }, ANSWER])
    const turn = { id: 't2', status: 'finished' } as StoredMessage['turn']
    replies['POST /api/chats/c1/messages'] = () => {
      const asked = { ...turn, client_id: questions[0]?.client_id } as StoredMessage['turn']
      replies['GET /api/chats/c1'] = () => stored([{ content: 'Hello' }, ANSWER, { content: 'What is it?' }, { ...ANSWER, turn: asked }])
      return MOM_IS_AWAY()
    }
    conversation.draft.words = 'What is it?'
    await conversation.send()
    await vi.waitFor(() => { expect(conversation.tree.path).toHaveLength(4) })
    expect([conversation.draft.words, conversation.error]).toEqual(['', ''])
  })

  it('into a connection that is dead is given up after a while, later with pictures, and kept', async () => {
    const conversation = await opened([{ content: 'Hello' }, ANSWER])
    const clock = new AbortController()
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(clock.signal)
    vi.stubGlobal('fetch', (_: string, { signal }: RequestInit) => new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => { reject(new Error('too late')) })
    }))
    conversation.draft.pictures = [PICTURE]
    conversation.draft.words = 'What is it?'
    const sending = conversation.send()
    expect(timeout).toHaveBeenCalledWith(20_002)
    clock.abort()
    await sending
    expect([conversation.draft.words, conversation.draft.pictures]).toEqual(['What is it?', [PICTURE]])
    expect(conversation.error).toMatch(/^MoM cannot be reached/)
    timeout.mockRestore()
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
    conversation.draft.words = 'Hello'
    const sending = conversation.send()
    conversation.draft.words = 'And then'
    created.release({ id: 'c9' })
    await sending
    expect(Object.fromEntries(kept)).toEqual({ 'mom-draft-c9': 'And then' })
    conversation.leave()
  })
})

it('files are sent before the words, come back where MoM refuses, and name the chat where there are no words', async () => {
  const onCreated = vi.fn()
  const conversation = new Conversation({ onCreated, onChanged, onUnreachable })
  conversation.draft.files = [{ name: 'a.txt', text: 'A fox.' }]
  expect(conversation.canSend).toBe(true)
  replies['POST /api/chats'] = () => ({ id: 'c1' })
  replies['POST /api/chats/c1/messages'] = REFUSED
  await conversation.send()
  expect(conversation.draft.files).toEqual([{ name: 'a.txt', text: 'A fox.' }])
  expect(onCreated).toHaveBeenCalledWith(conversation, FILE)
  conversation.draft.words = 'What is it?'
  replies['POST /api/chats/c1/messages'] = () => ({ question_id: 'q', message_id: 'a', turn_id: 't' })
  await conversation.send()
  expect(questions.map(({ content }) => content)).toEqual([FILE, `${FILE}\n\nWhat is it?`])
  expect(conversation.draft.files).toEqual([])
  expect(conversation.tree.path[0]).toMatchObject({ words: 'What is it?', files: [{ name: 'a.txt' }] })
  conversation.leave()
})
