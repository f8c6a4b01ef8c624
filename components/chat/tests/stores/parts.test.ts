import { beforeEach, expect, it, vi } from 'vitest'
import { type Part, PartsStore } from '../../src/stores/parts.svelte'
import { Held, MOM_IS_AWAY, REFUSED, replies } from '../opened_conversation'

const DEMO: Part = {
  state: 'ready',
  model: 'demo LLM',
  demo: true,
  answers: true,
  detail: '',
  progress: null,
  address: 'demo',
  chosen: false,
  changing: false,
  gone: false,
}
const CHANGING: Part = { ...DEMO, changing: true, detail: 'second will take over: it is starting' }
const SECOND: Part = { ...DEMO, model: 'second', demo: false, address: 'file:models/second.gguf', chosen: true }
const CHOICES = { setting: 'demo', has_key: false, choices: [{ address: 'demo', model: 'demo LLM', size_bytes: null }] }

let told: Part
let asked: number

beforeEach(() => {
  vi.useFakeTimers()
  told = DEMO
  asked = 0
  replies['GET /api/parts'] = () => {
    asked++
    return { ready: true, parts: { web: DEMO, large_llm: told } }
  }
  replies['GET /api/offers'] = () => ({ ollama: { models: [], suggestion: null } })
  replies['POST /api/parts/large_llm/swap'] = () => ({})
  replies['POST /api/parts/large_llm/reset'] = () => ({})
})

async function watched(): Promise<PartsStore> {
  const parts = new PartsStore()
  await parts.watch()
  return parts
}

it('a model that is taken is watched until it plays, and then left alone', async () => {
  const parts = await watched()
  told = CHANGING
  expect(await parts.take({ large_llm: SECOND.address })).toBe(true)
  expect(parts.isReplacing).toBe(true)
  told = SECOND
  await vi.advanceTimersByTimeAsync(10_000)
  expect(parts.parts.large_llm).toEqual(SECOND)
  expect(parts.isReplacing).toBe(false)
  expect(asked).toBe(3)
})

it('a change of which MoM tells a moment later is watched, too', async () => {
  const parts = await watched()
  await parts.take({ large_llm: SECOND.address }) // what is told is still the model before it
  told = CHANGING
  await vi.advanceTimersByTimeAsync(2_000)
  told = SECOND
  await vi.advanceTimersByTimeAsync(2_000)
  expect(parts.parts.large_llm).toEqual(SECOND)
})

it('the model of the settings is gone back to', async () => {
  told = SECOND
  const parts = await watched()
  told = DEMO
  expect(await parts.reset('large_llm')).toBe(true)
  expect(parts.parts.large_llm).toEqual(DEMO)
})

it('a model of another server is taken with its key, and its models are asked for with it', async () => {
  const bodies: unknown[] = []
  const parts = await watched()
  const answer = fetch
  vi.stubGlobal('fetch', (address: string, init: RequestInit) => {
    if (init.body) bodies.push(JSON.parse(init.body as string))
    return answer(address, init)
  })
  replies['POST /api/parts/large_llm/models'] = () => ({ models: ['a'] })
  expect(await parts.modelsAt('large_llm', 'http://gpu/v1', 'sk-secret')).toEqual(['a'])
  expect(await parts.connect('large_llm', 'http://gpu/v1#a', 'sk-secret')).toBe(true)
  expect(await parts.connect('large_llm', 'http://gpu/v1#a', '')).toBe(true)
  expect(await parts.connect('large_llm', 'http://gpu/v1#a', null)).toBe(true)
  expect(bodies).toEqual([
    { address: 'http://gpu/v1', api_key: 'sk-secret' },
    { address: 'http://gpu/v1#a', api_key: 'sk-secret' },
    { address: 'http://gpu/v1#a' },
    { address: 'http://gpu/v1#a', api_key: '' },
  ])
  replies['POST /api/parts/large_llm/models'] = REFUSED
  expect(await parts.modelsAt('large_llm', 'http://gpu/v1', '')).toBe('Not now.')
})

it('a part that is left out is waited for by nobody', async () => {
  told = { ...DEMO, state: 'none', model: '', address: '', demo: false }
  const parts = await watched()
  expect(parts.isLoading).toBe(false)
})

it('a refused change is told in a sentence', async () => {
  replies['POST /api/parts/large_llm/swap'] = REFUSED
  const parts = await watched()
  expect(await parts.take({ large_llm: 'file:x', small_llm: 'same' })).toBe(false)
  expect(parts.changeError).toBe('Not now.')
})

it('what could play a part is found, or it is told why not', async () => {
  replies['GET /api/parts/large_llm/choices'] = MOM_IS_AWAY
  const parts = await watched()
  await parts.look('large_llm')
  expect(parts.changeError).toContain('MoM cannot be reached')
  replies['GET /api/parts/large_llm/choices'] = () => CHOICES
  await parts.look('large_llm')
  expect(parts.choices).toEqual(CHOICES)
  expect(parts.changeError).toBe('')
})

it('what was changed elsewhere is seen by who looks at a part', async () => {
  replies['GET /api/parts/large_llm/choices'] = () => CHOICES
  const parts = await watched()
  told = SECOND
  await parts.look('large_llm')
  expect(parts.parts.large_llm).toEqual(SECOND)
})

it('what is found late for a part that was left is not shown', async () => {
  const late = new Held()
  replies['GET /api/parts/small_llm/choices'] = () => late.reply
  replies['GET /api/parts/large_llm/choices'] = () => CHOICES
  const parts = await watched()
  const first = parts.look('small_llm')
  await parts.look('large_llm')
  late.release({ setting: null, has_key: false, choices: [] })
  await first
  expect(parts.choices).toEqual(CHOICES)
})
