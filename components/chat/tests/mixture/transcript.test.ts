import { expect, it } from 'vitest'
import type { Picture } from '../../src/mixture/events'
import { asMarkdown } from '../../src/mixture/transcript'
import { stored } from '../opened_conversation'

const BASE = 'http://mom.test/mom/chats/c1'
const PICTURE: Picture = {
  id: 'a', url: '/mom/images/a.png', width: 512, height: 384, seed: 7, steps: 4, prompt: 'a red fox', dropped_tail: '', alt: 'a red fox',
}
const MODELS = { large_llm: 'words', image_model: 'pictures', vision_llm: 'eyes' }

const written = (messages: object[]): string => asMarkdown('Foxes', stored(messages).messages, BASE)
const turn = (more: object = {}): object => ({ status: 'finished', models: MODELS, finish_reason: 'stop', ...more })

it('who said what is told, and which model', () => {
  expect(written([{ content: 'Hello' }, { content: 'Hi!\n', verdict: { need: 'text' }, turn: turn() }])).toBe(
    '# Foxes\n\n## You\n\nHello\n\n## MoM (words)\n\nHi!\n',
  )
})

it('pictures are links with their prompt and seed', () => {
  const messages = [
    { content: 'Draw it', images: [{ ...PICTURE, prompt: '', seed: null }] },
    { images: [PICTURE], image_prompt: 'a red fox', verdict: { need: 'image' }, turn: turn() },
  ]
  expect(written(messages)).toBe(
    '# Foxes\n\n## You\n\n![Attached picture](http://mom.test/mom/images/a.png)\n\nDraw it\n\n' +
      '## MoM (pictures)\n\n![Picture](http://mom.test/mom/images/a.png)\n\nPrompt: a red fox\n(seed 7, steps 4, 512 × 384 px)\n',
  )
})

it('of several pictures each has its own prompt and seed, also where the last one was stopped', () => {
  const images = [PICTURE, { ...PICTURE, url: '/mom/images/b.png', prompt: 'a grey fox', seed: 8 }]
  const text = written([{ content: 'Two foxes' }, { images, image_prompt: 'a fox', verdict: { need: 'image' }, turn: turn({ status: 'stopped' }) }])
  expect(text).toContain(
    '![Picture](http://mom.test/mom/images/a.png)\n\nPrompt: a red fox\n(seed 7, steps 4, 512 × 384 px)\n\n' +
      '![Picture](http://mom.test/mom/images/b.png)\n\nPrompt: a grey fox\n(seed 8, steps 4, 512 × 384 px)\n\n> Stopped.\n',
  )
})

it('an answer that was not whole says so, and does not swallow what follows', () => {
  const text = written([
    { content: 'Code' },
    { content: 'So:\n```py\nx = 1', verdict: { need: 'text', expert: 'vision_llm' }, turn: turn({ status: 'stopped' }) },
    { content: 'Go on' },
    { image_prompt: 'a fox', verdict: { need: 'image' }, turn: turn({ status: 'failed', error: { message: 'No memory.' } }) },
  ])
  expect(text).toContain('## MoM (eyes)\n\nSo:\n```py\nx = 1\n```\n\n> Stopped.\n\n## You\n\nGo on\n')
  expect(text).toContain('## MoM (pictures)\n\nPrompt: a fox\n\n> No memory.\n')
})

it('a file in a question stays whole, and what follows is not taken for code', () => {
  const file = 'File: a.md\n````\n```py\nx = 1\n````'
  const text = written([{ content: `${file}\n\nThis:\n~~~\ny` }, { content: 'A number.', verdict: { need: 'text' }, turn: turn() }])
  expect(text).toContain(`## You\n\n${file}\n\nThis:\n~~~\ny\n~~~\n\n## MoM (words)\n\nA number.\n`)
})
