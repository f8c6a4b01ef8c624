import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Search } from '../../src/stores/search.svelte'
import { Held, MOM_IS_AWAY, replies } from '../opened_conversation'

const FOX = { chat_id: 'c1', message_id: 'm1', before: 'a ', match: 'fox', after: '' }
const HARE = { ...FOX, chat_id: 'c2', match: 'hare' }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('words are looked for once they have been written', async () => {
  const asked = vi.fn(() => [FOX])
  replies['GET /api/messages?words=fox+%26+%25'] = asked
  const search = new Search()
  for (const words of ['fo', 'fox', ' fox & % ']) search.words = words
  expect(search.isUnderWay).toBe(true)
  await vi.runAllTimersAsync()
  expect(asked).toHaveBeenCalledOnce()
  expect(search.in('c1')).toEqual(FOX)
  expect(search.in('c2')).toBeNull()
  expect(search.isUnderWay).toBe(false)
})

it('one letter is not looked for, a word of one sign is', async () => {
  replies['GET /api/messages?words=%E7%8B%90'] = () => [FOX]
  const search = new Search()
  for (const words of ['', '  ', ' f ']) {
    search.words = words
    expect(search.isUnderWay).toBe(false)
  }
  search.words = '狐'
  await vi.runAllTimersAsync()
  expect(search.found).toEqual([FOX])
  search.words = ''
  expect(search.found).toEqual([])
})

it('what an earlier search finds late is not shown', async () => {
  const early = new Held()
  replies['GET /api/messages?words=fox'] = () => early.reply
  replies['GET /api/messages?words=hare'] = () => [HARE]
  const search = new Search()
  search.words = 'fox'
  await vi.runAllTimersAsync()
  search.words = 'hare'
  await vi.runAllTimersAsync()
  early.release([FOX])
  await vi.runAllTimersAsync()
  expect(search.found).toEqual([HARE])
})

it('what was found stays while more letters are written, as long as it has them', async () => {
  replies['GET /api/messages?words=fo'] = () => [FOX, { ...FOX, chat_id: 'c2', match: 'fo', after: 'rk' }]
  const search = new Search()
  search.words = 'fo'
  await vi.runAllTimersAsync()
  search.words = 'a FOX'
  expect(search.found).toEqual([FOX])
  search.words = 'a fox!'
  expect(search.found).toEqual([])
})

it('a search that failed says so, and can be tried again', async () => {
  replies['GET /api/messages?words=fox'] = MOM_IS_AWAY
  const search = new Search()
  search.words = 'fox'
  await vi.runAllTimersAsync()
  expect(search.error).toContain('MoM cannot be reached')
  replies['GET /api/messages?words=fox'] = () => [FOX]
  await search.run()
  expect(search.error).toBe('')
  expect(search.found).toEqual([FOX])
})
