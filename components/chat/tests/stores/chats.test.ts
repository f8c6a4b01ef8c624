import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ChatsStore } from '../../src/stores/chats.svelte'
import { memory } from '../../src/stores/place'

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
  chat.attached = ['data:image/png;base64,AAAA']
  chats.goTo('c1')
  expect(chats.open.attached).toEqual([])
  chats.goTo(null)
  expect(chats.open).toBe(chat)
  chat.id = 'c2'
  chats.onCreated(chat, 'Hello')
  chats.goTo(null)
  expect(chats.open.attached).toEqual([])
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
