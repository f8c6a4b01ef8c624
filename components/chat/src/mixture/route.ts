/** The way of an answer on one line: a station for each part it passed, with what is known of it. */

import type { Answer } from './answer'
import { type Box, type Light, lightsOf } from './diagram'
import { figuresOf } from './story'
import { deciders, durationWords, isCertain, isForVision } from './words'

interface Station {
  box: Box
  light: Light
  name: string
  /** What it does while it works, how long it took afterwards; empty where nothing is known. */
  figure: string
}

/** The stations that the answer has reached, in their order. */
export function stationsOf(answer: Answer): Station[] {
  const { verdict } = answer
  const { boxes } = lightsOf(answer)
  if (!verdict) return [{ box: 'small_llm', light: boxes.small_llm, name: 'Classifier', figure: answer.status === 'running' ? 'deciding' : '' }]

  const figures = figuresOf(answer)
  const decided: Station = {
    box: 'small_llm',
    light: boxes.small_llm,
    name: deciders[verdict.decided_by],
    figure: isCertain(verdict) ? '' : `${verdict.confidence.toFixed(2)} in ${durationWords(verdict.took_ms)}`,
  }
  const large: Station = {
    box: 'large_llm',
    light: boxes.large_llm,
    name: isForVision(verdict) ? 'Vision LLM' : 'Large LLM',
    figure: figures.large_llm || (boxes.large_llm === 'working' ? workOf(answer) : ''),
  }
  const draws: Station = {
    box: 'image_model',
    light: boxes.image_model,
    name: 'Image model',
    figure: figures.image_model || (boxes.image_model === 'working' ? 'drawing' : ''),
  }
  return [decided, large, draws].filter(({ box, light }) => box === 'small_llm' || light !== 'off')
}

function workOf(answer: Answer): string {
  if (answer.verdict?.need === 'image') return 'writing the prompt'
  if (answer.text) return 'writing'
  return answer.reasoning ? 'thinking' : 'reading'
}
