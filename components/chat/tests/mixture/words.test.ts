import { expect, it } from 'vitest'
import { applyEvent, emptyAnswer } from '../../src/mixture/answer'
import { endWords, phaseWords } from '../../src/mixture/words'
import { goldenEvents } from '../golden'

it('each phase of a picture is named', () => {
  let answer = emptyAnswer()
  const phases = goldenEvents('image_answer').map((event) => phaseWords((answer = applyEvent(answer, event))))
  expect([...new Set(phases)]).toEqual([
    'Deciding',
    'Writing the image prompt',
    'Drawing',
    '2 pictures are drawn before this one',
    'One picture is drawn before this one',
    'Drawing, step 1 of 4',
    'Drawing, step 2 of 4',
    'Drawing, step 3 of 4',
    'Drawing, step 4 of 4',
    '',
  ])
})

it('of several pictures it is told which one is drawn', () => {
  let answer = emptyAnswer()
  const phases = goldenEvents('two_pictures').map((event) => phaseWords((answer = applyEvent(answer, event))))
  expect(phases.filter((phase, index) => phase !== phases[index - 1])).toEqual([
    'Deciding',
    'Writing the image prompt',
    'Picture 1 of 2',
    'Picture 1 of 2, step 1 of 2',
    'Picture 1 of 2, step 2 of 2',
    'Picture 2 of 2',
    'Picture 2 of 2, step 1 of 2',
    'Picture 2 of 2, step 2 of 2',
    'Picture 2 of 2',
    '',
  ])
})

it('an answer that is empty or held back says so', () => {
  const said = (text: string, finishReason: string) => endWords({ ...emptyAnswer(), status: 'finished', text, finishReason })
  expect(said('Hello', 'stop')).toBe('')
  expect(said('\n', 'stop')).toBe('The model answered nothing. Try again, or ask in other words.')
  expect(said('', 'tool_calls')).toBe('The model answered nothing. Try again, or ask in other words.')
  expect(said('The beg', 'content_filter')).toBe("Held back by a content filter of the model's server.")
})

it('a failure is shown in the words the server found', () => {
  const answer = goldenEvents('failed').reduce(applyEvent, emptyAnswer())
  expect(endWords(answer)).toBe('The large LLM ended in mid-answer. Try again in a moment.')
})
