import { describe, expect, it } from 'vitest'
import { type Answer, applyEvent, emptyAnswer, isPictureDue, storedAnswer } from '../../src/mixture/answer'
import { EVENT_NAMES, isLast, type TurnEvent } from '../../src/mixture/events'
import { goldenEvents, goldenFinal, goldenNames } from '../golden'

const reduce = (events: TurnEvent[], from: Answer = emptyAnswer()): Answer => events.reduce(applyEvent, from)

describe.each(goldenNames)('the golden stream %s', (name) => {
  const events = goldenEvents(name)

  it('reduces to its final answer', () => {
    expect(reduce(events)).toEqual(goldenFinal(name))
  })

  it('ends with its last event and not before', () => {
    const last = events.findIndex(isLast)
    expect(events.slice(last).every(isLast)).toBe(true)
    expect(last).toBeGreaterThan(0)
  })

  it('never changes an answer it was given', () => {
    let answer = Object.freeze(emptyAnswer())
    for (const event of events) answer = Object.freeze(applyEvent(answer, event))
    expect(answer).toEqual(goldenFinal(name))
  })
})

describe('a reader who attaches again', () => {
  it('gets the same answer from a replay on top of what had been shown', () => {
    const events = goldenEvents('text_answer')
    const shown = reduce(events.slice(0, 5))
    expect(reduce(events, shown)).toEqual(reduce(events))
  })

  it('sees no picture twice', () => {
    const events = goldenEvents('image_answer')
    expect(reduce(events, reduce(events)).pictures).toHaveLength(1)
  })
})

it('every event of the language stands in a golden stream, and no other', () => {
  const seen = new Set(goldenNames.flatMap((name) => goldenEvents(name).map((event) => event.name)))
  expect([...seen].sort()).toEqual([...EVENT_NAMES].sort())
})

it('a finished picture leaves no preview behind', () => {
  expect(JSON.stringify(reduce(goldenEvents('image_answer')))).not.toContain('data:image')
})

it('of several pictures each begins anew', () => {
  const events = goldenEvents('two_pictures')
  const second = events.findLastIndex(({ name }) => name === 'image_prompt_written')
  const answer = reduce(events.slice(0, second + 1))
  expect(answer.pictures).toHaveLength(1)
  expect(answer.drawing).toMatchObject({ prompt: 'a brown dog on a sofa', pictures: 2, step: 0, steps: null, preview: null })
  expect(isPictureDue(answer)).toBe(true)
  expect(isPictureDue(reduce(events.slice(0, -1)))).toBe(false)
})

it.each([['stopped', true], ['running', true], ['finished', false]] as const)('of a stored answer with a picture that is %s, another is due: %s', (status, isDue) => {
  const images = goldenFinal('two_pictures') as Answer
  const message = { id: 'm2', parent_id: 'm1', role: 'assistant', content: '', reasoning: '', image_prompt: 'a dog', preview: '', verdict: null } as const
  const turn = { id: 't1', client_id: null, status, models: {}, error: null, finish_reason: null, usage: null, timings: null }
  expect(isPictureDue(storedAnswer({ ...message, images: images.pictures.slice(0, 1), turn }))).toBe(isDue)
})

it('a picture that was stored without being drawn to its end shows its prompt and how far it came', () => {
  const message = { content: '', reasoning: '', image_prompt: 'a red boat', preview: 'data:,boat', images: [], verdict: null, turn: null }
  const { drawing } = storedAnswer({ ...message, id: 'm2', parent_id: 'm1', role: 'assistant' })
  expect(drawing).toMatchObject({ prompt: 'a red boat', preview: 'data:,boat' })
})
