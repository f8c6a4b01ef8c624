import { expect, it } from 'vitest'
import { applyEvent, emptyAnswer } from '../../src/mixture/answer'
import { endWords, phaseWords, verdictWords } from '../../src/mixture/words'
import { goldenEvents } from '../golden'

it('a verdict reads as need, decider, confidence and time', () => {
  const verdict = goldenEvents('image_answer').find((event) => event.name === 'routed')?.data
  expect(verdict && verdictWords(verdict)).toBe('image · small LLM · 0.98 · 12 ms')
})

it('a command needs no figures', () => {
  const verdict = goldenEvents('image_command_with_long_prompt').find((event) => event.name === 'routed')?.data
  expect(verdict && verdictWords(verdict)).toBe('image · command')
})

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

it('a failure is shown in the words the server found', () => {
  const answer = goldenEvents('failed').reduce(applyEvent, emptyAnswer())
  expect(endWords(answer)).toBe('The large LLM ended in mid-answer. Try again in a moment.')
})
