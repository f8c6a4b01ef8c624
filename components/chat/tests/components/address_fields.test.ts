// @vitest-environment jsdom
import { flushSync, mount, unmount } from 'svelte'
import { afterEach, beforeEach, expect, it } from 'vitest'
import AddressFields from '../../src/components/AddressFields.svelte'
import { PartsStore } from '../../src/stores/parts.svelte'
import { Held, REFUSED, replies } from '../opened_conversation'

let fields: Record<string, never>

beforeEach(() => {
  fields = mount(AddressFields, { target: document.body, props: { name: 'large_llm', parts: new PartsStore(), server: { url: '', model: '', key: '' } } })
})
afterEach(() => unmount(fields))

/** Written and left, as by a person who goes on to the next field. */
function write(label: string, words: string): void {
  const input = [...document.querySelectorAll('label')].find((one) => one.textContent.trim() === label)?.querySelector('input')
  if (!input) throw new Error(`no field ${label}`)
  input.value = words
  input.dispatchEvent(new Event('input', { bubbles: true }))
  input.dispatchEvent(new Event('change', { bubbles: true }))
}

async function told(): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve))
  flushSync()
  return document.querySelector('[role="status"]')?.textContent ?? ''
}

const offered = (): string[] => [...document.querySelectorAll('option')].map(({ value }) => value)

it('the models of a server are offered once its address is known', async () => {
  replies['POST /api/parts/large_llm/models'] = () => ({ models: ['a', 'b'] })
  write('Address', 'http://gpu/v1')
  expect(await told()).toBe('The server has 2 models to choose from.')
  expect(offered()).toEqual(['a', 'b'])
  expect(document.querySelector('input[list]')?.getAttribute('list')).toBe(document.querySelector('datalist')?.id)
})

it('a server that lists nothing is told, until its key is known', async () => {
  replies['POST /api/parts/large_llm/models'] = REFUSED
  write('Address', 'http://gpu/v1')
  expect(await told()).toBe('Not now.')
  replies['POST /api/parts/large_llm/models'] = () => ({ models: ['a'] })
  write('API key', 'sk-secret')
  expect(await told()).toBe('')
  expect(offered()).toEqual(['a'])
})

it('what is told late of another address is not shown', async () => {
  const late = new Held()
  replies['POST /api/parts/large_llm/models'] = () => late.reply
  write('Address', 'http://gpu/v1')
  replies['POST /api/parts/large_llm/models'] = () => ({ models: ['b'] })
  write('Address', 'http://other/v1')
  await told()
  late.release({ models: ['a'] })
  await told()
  expect(offered()).toEqual(['b'])
})

it('a key is not readable, and kept by no browser', () => {
  const key = document.querySelector('input[type="password"]')
  expect(key?.getAttribute('autocomplete')).toBe('off')
})
