import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { saveMarkdown } from '../../src/services/files'
import { ChatsStore } from '../../src/stores/chats.svelte'
import { memory } from '../../src/stores/place'
import { stored } from '../opened_conversation'

vi.mock('../../src/services/files', () => ({ saveMarkdown: vi.fn() }))

beforeEach(() => {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ title: 'Hello', messages: [] })))
})
afterEach(() => {
  vi.unstubAllGlobals()
})

it('a chat that is not begun keeps its pictures while another one is looked at, until it is begun', () => {
  const chats = new ChatsStore(memory(), vi.fn())
  chats.goTo(null)
  const chat = chats.open
  chat.draft.pictures = ['data:image/png;base64,AAAA']
  chats.goTo('c1')
  expect(chats.open.draft.pictures).toEqual([])
  chats.goTo(null)
  expect(chats.open).toBe(chat)
  chat.id = 'c2'
  chats.onCreated(chat, 'Hello')
  chats.goTo(null)
  expect(chats.open.draft.pictures).toEqual([])
  chats.goTo('c2')
  expect(chats.open).toBe(chat)
})

it('an open chat is called as the list calls it, and stands there once', async () => {
  const listed = [{ id: 'c1', title: 'a fox' }]
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(listed)))
  const chats = new ChatsStore(memory(), vi.fn())
  chats.goTo(null)
  const chat = chats.open
  await chats.refresh() // what is read here has the chat already
  chat.id = 'c1'
  chats.onCreated(chat, '/image a fox')
  expect(chats.list.map(({ id }) => id)).toEqual(['c1'])
  await chats.refresh()
  expect(chat.title).toBe('a fox')
})

it('a list that was read before a later one does not bring a deleted chat back', async () => {
  const lists: ((list: unknown) => void)[] = []
  vi.stubGlobal('fetch', () => new Promise((resolve) => lists.push((list) => { resolve(Response.json(list)) })))
  const chats = new ChatsStore(memory(), vi.fn())
  const [early, late] = [chats.refresh(), chats.refresh()]
  lists[1]?.([])
  await late
  lists[0]?.([{ id: 'c1', title: 'Deleted' }])
  await early
  expect(chats.list).toEqual([])
})

it('a list that was read before a chat was begun does not take it away', async () => {
  let answer: (list: unknown) => void = () => undefined
  vi.stubGlobal('fetch', () => new Promise((resolve) => { answer = (list) => { resolve(Response.json(list)) } }))
  const chats = new ChatsStore(memory(), vi.fn())
  const reading = chats.refresh()
  const chat = chats.open
  chat.id = 'c1'
  chats.onCreated(chat, 'Hello')
  answer([])
  await reading
  expect(chats.list.map(({ id }) => id)).toEqual(['c1'])
})

it('a chat is opened at the message that was found, in the version that holds it', async () => {
  const versions = stored([{}, { id: 'old', content: 'a fox' }, { parent_id: 'old', role: 'user' }, { id: 'new', parent_id: '0' }])
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(versions)))
  const chats = new ChatsStore(memory(), vi.fn())
  chats.goTo('c1', { chat_id: 'c1', message_id: 'old', before: 'a ', match: 'fox', after: '' })
  expect(chats.open.takeSought()).toBeNull() // not read yet
  await vi.waitFor(() => { expect(chats.open.tree.path.map(({ id }) => id)).toEqual(['0', 'new']) })
  expect(chats.open.takeSought()?.id).toBe('old')
  expect(chats.open.tree.path.map(({ id }) => id)).toEqual(['0', 'old', '2'])
  expect(chats.open.takeSought()).toBeNull()
})

it('a chat is saved with the versions that are shown of its messages', async () => {
  vi.stubGlobal('location', { href: 'http://mom.test/' })
  const versions = stored([{ content: 'Hi' }, { content: 'First' }, { content: 'Second', parent_id: '0', role: 'assistant' }])
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(versions)))
  const chats = new ChatsStore(memory(), vi.fn())
  await chats.download('c1')
  expect(saveMarkdown).toHaveBeenLastCalledWith('# Hello\n\n## You\n\nHi\n\n## MoM\n\nSecond\n', 'Hello')
  chats.goTo('c1')
  chats.open.stepVersion(-1)
  await chats.download('c1')
  expect(saveMarkdown).toHaveBeenLastCalledWith('# Hello\n\n## You\n\nHi\n\n## MoM\n\nFirst\n', 'Hello')
})

describe('what failed', () => {
  const asked: string[] = []
  let change: () => Response
  const failing = { status: 503 }
  const failure = { error: { message: 'The disk is full.', type: null, code: null, param: null } }

  beforeEach(() => {
    asked.length = 0
    change = () => Response.json(failure, failing)
    vi.stubGlobal('fetch', (address: string, { method }: RequestInit) => {
      asked.push(`${method ?? ''} ${address}`)
      return Promise.resolve(method === 'GET' ? Response.json([]) : change())
    })
  })

  it('is done once more, and not only what came of it read', async () => {
    const chats = new ChatsStore(memory(), vi.fn())
    await chats.rename('c1', 'A fox')
    expect(chats.error).toBe('The disk is full.')
    change = () => Response.json({})
    await chats.tryAgain()
    expect(asked).toEqual(['PATCH /api/chats/c1', 'PATCH /api/chats/c1', 'GET /api/chats'])
    expect(chats.error).toBe('')
  })

  it('is not, where the chat is gone', async () => {
    const chats = new ChatsStore(memory(), vi.fn())
    change = () => Response.json(failure, { status: 404 })
    await chats.rename('c1', 'A fox')
    await chats.tryAgain()
    expect(asked).toEqual(['PATCH /api/chats/c1', 'GET /api/chats'])
    expect(chats.error).toBe('')
  })

  it('is as was wished, where a chat to be deleted is gone', async () => {
    const chats = new ChatsStore(memory(), vi.fn())
    change = () => Response.json(failure, { status: 404 })
    await chats.remove('c1')
    expect(asked).toEqual(['DELETE /api/chats/c1', 'GET /api/chats'])
    expect(chats.error).toBe('')
  })
})
