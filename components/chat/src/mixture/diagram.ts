/** Which boxes and arrows of the mixture's diagram are lit, read off an answer. */

import { type Answer, isPictureDue } from './answer'
import type { TurnStatus } from './events'
import { hasOwnPrompt, isCertain } from './words'

export type Box = 'small_llm' | 'large_llm' | 'image_model'
/** `stopped`: it was at work when the answer was stopped or interrupted. */
export type Light = 'off' | 'working' | 'done' | 'stopped' | 'failed'

/** `ask`: to the classifier; `direct`: past it, to the large LLM; `command`: past both LLMs; `draw`: to the image model. */
export type Arrow = 'ask' | 'direct' | 'command' | 'text' | 'image' | 'draw' | 'words' | 'picture'

interface Lights {
  boxes: Record<Box, Light>
  arrows: ReadonlySet<Arrow>
}

/** Of the part at work, by how the answer stands. */
const LIGHT_AT_WORK: Record<TurnStatus, Light> = {
  running: 'working',
  finished: 'done',
  stopped: 'stopped',
  interrupted: 'stopped',
  failed: 'failed',
}

/** The way an answer took, as far as it has got. Without an answer all is off. */
export function lightsOf(answer: Answer | null): Lights {
  const boxes: Record<Box, Light> = { small_llm: 'off', large_llm: 'off', image_model: 'off' }
  const arrows = new Set<Arrow>()
  if (!answer) return { boxes, arrows }

  const atWork = LIGHT_AT_WORK[answer.status]
  const { verdict, drawing } = answer
  if (!verdict) {
    arrows.add('ask')
    boxes.small_llm = atWork
    return { boxes, arrows }
  }

  if (hasOwnPrompt(answer)) {
    arrows.add('command')
  } else {
    if (!isCertain(verdict)) {
      arrows.add('ask').add(verdict.need)
      boxes.small_llm = 'done'
    } else {
      arrows.add('direct')
    }
    if (verdict.need === 'text') {
      boxes.large_llm = atWork
      if (answer.text) arrows.add('words')
      return { boxes, arrows }
    }
    boxes.large_llm = drawing?.prompt || answer.pictures.length > 0 ? 'done' : atWork
    if (boxes.large_llm === 'done') arrows.add('draw')
    else return { boxes, arrows }
  }
  boxes.image_model = answer.pictures.length > 0 && !isPictureDue(answer) ? 'done' : atWork
  if (answer.pictures.length > 0) arrows.add('picture')
  return { boxes, arrows }
}
