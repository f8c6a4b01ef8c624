import { describe, expect, it } from 'vitest'
import { addressFrom, isSame, optionsFor, serverFrom, sourceWords, stateWords } from '../../src/mixture/models'
import { BUNDLES, downloadsFor } from '../../src/mixture/real_models'

const DEMO = { address: 'demo', model: 'demo LLM', size_bytes: null }
const FILE = { address: 'file:models/a/second.gguf', model: 'second', size_bytes: 9_000_000 }
const QWEN = 'hf:Qwen/Qwen3-4B-GGUF/Qwen3-4B-Q4_K_M.gguf'

describe('what could play a part', () => {
  it('begins with what the settings name', () => {
    const [first, ...others] = optionsFor('vision_llm', 'demo', [FILE, DEMO])
    expect(first).toEqual({ address: 'demo', model: 'demo LLM', note: 'comes with MoM · plays unless another is chosen', isSetting: true })
    expect(others.map(({ model, note, isSetting }) => [model, note, isSetting])).toEqual([['second', 'models/a/second.gguf · 9 MB', false]])
  })

  it('has the model of the settings though it was not found', () => {
    const names = optionsFor('vision_llm', 'http://gpu:8000/v1#qwen3:8b', []).map(({ model, note }) => [model, note])
    expect(names).toEqual([['qwen3:8b', 'http://gpu:8000/v1 · what .env says']])
  })

  it('has the model of the settings though it was not downloaded yet', () => {
    const [first] = optionsFor('vision_llm', 'hf:owner/repo/one.gguf', [])
    expect(first).toMatchObject({ model: 'one', note: 'to download, once · what .env says' })
  })

  it('begins with nobody where the settings name none', () => {
    const [first, ...others] = optionsFor('vision_llm', null, [FILE])
    expect(first).toEqual({ address: '', model: 'None', note: 'unless another is chosen', isSetting: true })
    expect(others.map(({ isSetting }) => isSetting)).toEqual([false])
  })

  it('has what could be downloaded, unless it is here', () => {
    const notes = (found: (typeof DEMO)[]): string[] => optionsFor('large_llm', 'demo', found).map(({ model, note }) => `${model}: ${note}`)
    expect(notes([DEMO])).toContain('Qwen3-4B-Q4_K_M: to download, once · 2.5 GB')
    expect(notes([DEMO, { address: QWEN, model: 'Qwen3-4B-Q4_K_M', size_bytes: null }])).toContain('Qwen3-4B-Q4_K_M: downloaded')
  })
})

it.each([
  ['http://gpu/v1', 'qwen3', 'http://gpu/v1#qwen3'],
  [' http://gpu/v1 ', ' ', 'http://gpu/v1'],
  ['http://gpu/v1#pasted', '', 'http://gpu/v1#pasted'],
  ['http://gpu/v1#pasted', 'qwen3', 'http://gpu/v1#qwen3'],
])('the address of what is written as %j and %j is %j', (url, model, address) => {
  expect(addressFrom({ url, model, key: 'k' })).toBe(address)
})

it('the fields for a server show its address, but no password that is not shown whole', () => {
  expect(serverFrom('http://gpu/v1#qwen3')).toEqual({ url: 'http://gpu/v1', model: 'qwen3', key: '' })
  expect(serverFrom('http://me:***@gpu/v1#qwen3')).toEqual({ url: '', model: '', key: '' })
  expect(serverFrom('file:models/a.gguf')).toEqual({ url: '', model: '', key: '' })
})

it("Ollama's latest is the model without a tag", () => {
  expect(isSame('ollama:tinydolphin', 'ollama:tinydolphin:latest')).toBe(true)
  expect(isSame('ollama:qwen3:8b', 'ollama:qwen3')).toBe(false)
})

it('where a model was named', () => {
  const part = { demo: false, chosen: false, address: 'ollama:qwen3:8b' }
  expect(sourceWords('large_llm', part)).toBe('.env: MOM_LARGE_LLM=ollama:qwen3:8b')
  expect(sourceWords('large_llm', { ...part, chosen: true })).toBe('chosen on the page: ollama:qwen3:8b')
  expect(sourceWords('large_llm', { ...part, demo: true, address: 'demo' })).toBe('comes with MoM')
})

it('how a part stands', () => {
  expect(stateWords({ state: 'external', answers: false })).toBe('does not answer, run by another server')
  expect(stateWords({ state: 'ready', answers: true })).toBe('ready, run by MoM')
  expect(stateWords({ state: 'none', answers: true })).toContain('left out')
})

it('each bundle says what it downloads', () => {
  expect(BUNDLES.map(({ download }) => download)).toEqual([4, 6, 9, 13])
  expect(downloadsFor('small_llm')).toHaveLength(1)
})
