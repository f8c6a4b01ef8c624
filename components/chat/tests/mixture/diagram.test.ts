import { expect, it } from 'vitest'
import { applyEvent, emptyAnswer } from '../../src/mixture/answer'
import { lightsOf } from '../../src/mixture/diagram'
import { goldenEvents } from '../golden'

/** The lights after the stream's first events, up to and with the one named. */
function lightsAfter(stream: string, name: string): ReturnType<typeof lightsOf> {
  const events = goldenEvents(stream)
  const end = events.findIndex((event) => event.name === name) + 1
  return lightsOf(events.slice(0, end).reduce(applyEvent, emptyAnswer()))
}

it('nothing is lit before a question', () => {
  expect(lightsOf(null)).toEqual({ boxes: { small_llm: 'off', large_llm: 'off', image_model: 'off' }, arrows: new Set() })
})

it('the classifier works until the verdict', () => {
  expect(lightsAfter('text_answer', 'turn_started').boxes.small_llm).toBe('working')
})

it('a text takes the large LLM and leaves the image model dark', () => {
  const { boxes, arrows } = lightsAfter('text_answer', 'turn_finished')
  expect(boxes).toEqual({ small_llm: 'done', large_llm: 'done', image_model: 'off' })
  expect([...arrows]).toEqual(['ask', 'text', 'words'])
})

it('a picture takes all three, one after the other', () => {
  expect(lightsAfter('image_answer', 'routed').boxes).toEqual({ small_llm: 'done', large_llm: 'working', image_model: 'off' })
  expect(lightsAfter('image_answer', 'image_prompt_written').boxes).toEqual({
    small_llm: 'done',
    large_llm: 'done',
    image_model: 'working',
  })
  const { boxes, arrows } = lightsAfter('image_answer', 'turn_finished')
  expect(boxes).toEqual({ small_llm: 'done', large_llm: 'done', image_model: 'done' })
  expect([...arrows]).toEqual(['ask', 'image', 'draw', 'picture'])
})

it('the image model works until the last of several pictures', () => {
  const { boxes, arrows } = lightsAfter('two_pictures', 'image_finished')
  expect(boxes.image_model).toBe('working')
  expect(arrows).toContain('picture')
  expect(lightsAfter('two_pictures', 'turn_finished').boxes.image_model).toBe('done')
})

it('the image message path asks no LLM', () => {
  const { boxes, arrows } = lightsAfter('image_command_with_long_prompt', 'turn_finished')
  expect(boxes).toEqual({ small_llm: 'off', large_llm: 'off', image_model: 'done' })
  expect([...arrows]).toEqual(['command', 'picture'])
})

it('the part at work is the one that failed', () => {
  expect(lightsAfter('failed', 'turn_failed').boxes).toEqual({ small_llm: 'done', large_llm: 'failed', image_model: 'off' })
})
