import { expect, it } from 'vitest'
import { commandsFor } from '../../src/mixture/commands'

const names = (draft: string) => commandsFor(draft).map(({ name }) => name)

it.each([
  ['/', ['image', 'text']],
  ['/i', ['image']],
  ['/TE', ['text']],
  ['/x', []],
  ['', []],
  ['a/i', []],
  ['/image ', []],
  ['/image a fox', []],
])('%j may become %j', (draft, expected) => {
  expect(names(draft)).toEqual(expected)
})
