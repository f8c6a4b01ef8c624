import { describe, expect, it, vi } from 'vitest'
import type { StoredMessage, TurnEvent } from '../../src/mixture/events'
import type { Conversation } from '../../src/stores/conversation.svelte'
import type { AnswerMessage, QuestionMessage } from '../../src/stores/message.svelte'
import { goldenEvents } from '../golden'
import { ANSWER, Held, MOM_IS_AWAY, NOT_FOUND, onChanged, onUnreachable, opened, replies, stored } from '../opened_conversation'
import { ScriptedEventSource } from '../scripted_event_source'

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
  const written = goldenEvents('text_answer').find((event) => event.name === 'text_delta') as TurnEvent
  await conversation.ask('Hello')
  const answer = conversation.tree.path[1] as AnswerMessage
  ScriptedEventSource.last.send(written)
  conversation.leave()
  expect(answer.answer.timings).toHaveProperty('first_token_ms')
  replies['GET /api/chats/c1'] = () => stored([{ content: 'Hello' }, { turn: { id: 't1', status: 'running' } as StoredMessage['turn'] }])
  await conversation.open()
  ScriptedEventSource.last.send(written)
  conversation.leave()
  expect(answer.answer.text).not.toBe('')
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
    await vi.advanceTimersByTimeAsync(30_000)
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

describe('a stream that has fallen silent', () => {
  const RUNNING = stored([{ content: 'Hello' }, { content: 'A f', turn: { id: 't1', status: 'running' } as StoredMessage['turn'] }]).messages

  it('is read anew where MoM says that its turn goes on', async () => {
    vi.useFakeTimers()
    replies['GET /api/turns/t1'] = () => ({ status: 'running' })
    const conversation = await opened(RUNNING)
    const silent = ScriptedEventSource.last
    await vi.advanceTimersByTimeAsync(30_000)
    expect(silent.readyState).toBe(ScriptedEventSource.CLOSED)
    expect(ScriptedEventSource.last).not.toBe(silent)
    expect((conversation.tree.path[1] as AnswerMessage).isCutOff).toBe(false)
    expect(onUnreachable).not.toHaveBeenCalled()
  })

  it('is a lost connection where MoM says nothing either, until it does', async () => {
    vi.useFakeTimers()
    replies['GET /api/turns/t1'] = MOM_IS_AWAY
    const conversation = await opened(RUNNING)
    const answer = conversation.tree.path[1] as AnswerMessage
    await vi.advanceTimersByTimeAsync(30_000)
    expect(answer.isCutOff).toBe(true)
    expect(onUnreachable).toHaveBeenCalled()
    replies['GET /api/turns/t1'] = () => ({ status: 'finished' })
    replies['GET /api/chats/c1'] = () => stored([{ content: 'Hello' }, { ...ANSWER, turn: { id: 't1', status: 'finished' } as StoredMessage['turn'] }])
    await vi.advanceTimersByTimeAsync(500)
    expect(answer.isCutOff).toBe(false)
    expect(answer.answer.text).toBe('A fox.')
  })

  it('is left alone where an event comes while it is asked', async () => {
    vi.useFakeTimers()
    const held = new Held()
    replies['GET /api/turns/t1'] = () => held.reply
    await opened(RUNNING)
    const stream = ScriptedEventSource.last
    await vi.advanceTimersByTimeAsync(30_000)
    stream.send({ name: 'text_delta', data: { text: 'ox' } })
    held.release({ status: 'running' })
    await vi.advanceTimersByTimeAsync(0)
    expect(ScriptedEventSource.last).toBe(stream)
  })
})
