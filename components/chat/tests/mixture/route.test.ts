import { expect, it } from 'vitest'
import { applyEvent, applyLiveEvent, emptyAnswer } from '../../src/mixture/answer'
import { stationsOf } from '../../src/mixture/route'
import { goldenEvents } from '../golden'

/** Each of the stream's events happens 100 ms after the one before. */
const linesOf = (stream: string): string[] => {
  let answer = emptyAnswer()
  const lines = goldenEvents(stream).map((event, index) => {
    answer = applyLiveEvent(answer, event, index * 100)
    return stationsOf(answer)
      .map(({ name, light, figure }) => `${name} ${light}${figure ? ` (${figure})` : ''}`)
      .join(' → ')
  })
  return lines.filter((line, index) => line !== lines[index - 1])
}

it('a picture passes three stations, each with its time as soon as it is over', () => {
  expect(linesOf('image_answer')).toEqual([
    'Classifier working (deciding)',
    'small LLM done (0.98 in 12 ms) → Large LLM working (writing the prompt)',
    'small LLM done (0.98 in 12 ms) → Large LLM done (188 ms) → Image model working (drawing)',
    'small LLM done (0.98 in 12 ms) → Large LLM done (188 ms) → Image model working (2 before it)',
    'small LLM done (0.98 in 12 ms) → Large LLM done (188 ms) → Image model working (1 before it)',
    'small LLM done (0.98 in 12 ms) → Large LLM done (188 ms) → Image model working (drawing)',
    'small LLM done (0.98 in 12 ms) → Large LLM done (188 ms) → Image model working (step 1/4)',
    'small LLM done (0.98 in 12 ms) → Large LLM done (188 ms) → Image model working (step 2/4)',
    'small LLM done (0.98 in 12 ms) → Large LLM done (188 ms) → Image model working (step 3/4)',
    'small LLM done (0.98 in 12 ms) → Large LLM done (188 ms) → Image model working (step 4/4)',
    'small LLM done (0.98 in 12 ms) → Large LLM done (188 ms) → Image model done',
    'small LLM done (0.98 in 12 ms) → Large LLM done (628 ms) → Image model done (1.8 s)',
  ])
})

it('a text tells when its first word came', () => {
  expect(linesOf('text_answer')).toContain('BERT done (0.97 in 2.1 ms) → Large LLM working (first word 198 ms)')
})

it('a step that was over before the page began to listen is no shorter for that', () => {
  const seen = (stream: string, count: number) =>
    goldenEvents(stream).slice(0, count).reduce((answer, event) => applyLiveEvent(answer, event, 250), emptyAnswer())
  expect(stationsOf(seen('image_answer', 3)).map(({ figure }) => figure)).toEqual(['0.98 in 12 ms', '238 ms', 'drawing'])
  expect(stationsOf(seen('text_answer', 3)).map(({ figure }) => figure)).toEqual(['0.97 in 2.1 ms', 'first word 248 ms'])
})

it('no step takes less than nothing, also where the page learnt late that the question had arrived', () => {
  const answer = goldenEvents('image_answer').slice(0, 3).reduce((before, event) => applyLiveEvent(before, event, 5), emptyAnswer())
  expect(stationsOf(answer).map(({ figure }) => figure)).toEqual(['0.98 in 12 ms', '0.0 ms', 'drawing'])
})

it('the image message path has no classifier and no large LLM on it', () => {
  expect(linesOf('image_command_with_long_prompt').at(-1)).toMatch(/^command off → Image model done/)
})

it('what was stopped has a station that is neither at work nor done', () => {
  expect(linesOf('stopped').at(-1)).toContain('Large LLM stopped')
})

it('what failed says where', () => {
  expect(linesOf('failed').at(-1)).toContain('Large LLM failed')
})

it('a replay tells no time, as its events happened before', () => {
  const replayed = goldenEvents('image_answer').slice(0, 4).reduce((answer, event) => applyEvent(answer, event), emptyAnswer())
  expect(stationsOf(replayed).map(({ figure }) => figure)).toEqual(['0.98 in 12 ms', '', expect.any(String)])
})

it('a further question about a picture names the vision LLM', () => {
  const events = goldenEvents('text_answer').map((event) =>
    event.name === 'routed' ? { ...event, data: { ...event.data, expert: 'vision_llm' } } : event,
  )
  expect(stationsOf(events.reduce(applyEvent, emptyAnswer())).map(({ name }) => name)).toEqual(['BERT', 'Vision LLM'])
})
