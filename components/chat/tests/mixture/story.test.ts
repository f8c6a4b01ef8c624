import { describe, expect, it } from 'vitest'
import { type Answer, applyEvent, emptyAnswer } from '../../src/mixture/answer'
import { lightsOf } from '../../src/mixture/diagram'
import { figuresOf, stepsOf } from '../../src/mixture/story'
import { durationWords } from '../../src/mixture/words'
import { goldenEvents } from '../golden'

const after = (name: string, count?: number) => goldenEvents(name).slice(0, count).reduce(applyEvent, emptyAnswer())
const deeds = (name: string, count?: number) => stepsOf(after(name, count)).map(({ title, deed }) => `${title}: ${deed}`)

it('a text answer names who decided, how surely, how quickly, and the first word', () => {
  expect(deeds('text_answer')).toEqual([
    'Classifier: BERT 0.97 in 2.1 ms: needs text',
    'Large LLM: answered in 411 ms, first word after 86 ms, 23 tokens',
  ])
})

it('a picture takes three steps that fill the whole time', () => {
  const steps = stepsOf(after('image_answer'))
  expect(steps.map(({ title, deed }) => `${title}: ${deed}`)).toEqual([
    'Classifier: small LLM 0.98 in 12 ms: needs image',
    'Large LLM: wrote the image prompt in 628 ms',
    'Image model: drew 4 steps in 1.8 s',
  ])
  expect(steps.map(({ from, to }) => [from, to])).toEqual([[0, 12.4], [12.4, 640.2], [640.2, 2410.7]])
})

it('several pictures are counted', () => {
  expect(deeds('two_pictures').slice(1)).toEqual(['Large LLM: wrote the image prompts in 688 ms', 'Image model: drew 2 pictures in 2.4 s'])
  expect(deeds('two_pictures', 8).at(-1)).toBe('Image model: drew 1 of 2 pictures')
  expect(figuresOf(after('two_pictures', 8)).image_model).toBe('picture 2/2')
})

it('a command asks no classifier and no large LLM', () => {
  expect(stepsOf(after('image_command_with_long_prompt')).map(({ title }) => title)).toEqual(['No classifier asked', 'Image model'])
})

it('nothing is told before it has happened', () => {
  expect(stepsOf(after('image_answer', 1))).toEqual([])
  expect(stepsOf(after('image_answer', 2)).map(({ box }) => box)).toEqual(['small_llm', 'large_llm'])
  expect(figuresOf(after('image_answer', 2))).toEqual({ small_llm: '0.98 · 12 ms', large_llm: '', image_model: '' })
})

it('while it draws, the queue and the steps stand beside the image model', () => {
  const figures = goldenEvents('image_answer').map((_, index) => figuresOf(after('image_answer', index + 1)).image_model)
  expect([...new Set(figures)]).toEqual(['', '2 before it', '1 before it', 'step 1/4', 'step 2/4', 'step 3/4', 'step 4/4', '1.8 s'])
})

it('durations are as fine as they matter', () => {
  expect([0.04, 2.14, 12.31, 640.2, 999.7, 1770.5].map(durationWords)).toEqual(['0.0 ms', '2.1 ms', '12 ms', '640 ms', '1.0 s', '1.8 s'])
})

describe('a picture that was stopped, as it is stored', () => {
  const { verdict } = after('image_answer')
  const stopped = { ...emptyAnswer(), status: 'stopped', verdict } satisfies Answer
  const drawing = { prompt: 'a fox', droppedTail: '', pictures: 1, position: null, step: 0, steps: null, preview: null }
  const toldOf = (answer: Answer) => stepsOf(answer).slice(1).map(({ deed }) => deed)

  it('is told as something past', () => {
    expect(toldOf(stopped)).toEqual(['began to write the image prompt'])
    expect(toldOf({ ...stopped, drawing })).toEqual(['wrote the image prompt', 'drew no picture'])
  })

  it('is told as it happens while it runs', () => {
    expect(toldOf({ ...stopped, status: 'running' })).toEqual(['writes the image prompt'])
    expect(toldOf({ ...stopped, status: 'running', drawing })).toEqual(['wrote the image prompt', 'draws'])
  })
})

it('a picture drawn once more from its own record, or from a command that was put right, asked no LLM', () => {
  const answer = { ...after('image_answer'), timings: { routed_ms: 12.4, total_ms: 2410.7 } }
  expect(stepsOf(answer).map(({ title }) => title)).toEqual(['Classifier', 'Image model'])
  expect(lightsOf(answer).boxes.large_llm).toBe('off')
})
