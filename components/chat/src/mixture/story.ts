/** The way of an answer, step by step: who did what, how surely, how long it took. All of it read off the answer's events. */

import { type Answer, isPictureDue } from './answer'
import type { Box } from './diagram'
import type { Verdict } from './events'
import { deciders, durationWords, hasOwnPrompt, isCertain, isForVision } from './words'

interface Step {
  box: Box
  /** The part's name, and the model that played it. */
  title: string
  model: string
  /** What it did, in a clause. */
  deed: string
  /** ms from the question to the step's beginning and end, where they are known. */
  from: number | null
  to: number | null
}

/** The steps that have begun, in their order. Times of the last ones come with the turn's end. */
export function stepsOf(answer: Answer): Step[] {
  const { verdict, timings, models } = answer
  if (!verdict) return []
  const steps: Step[] = []
  const routed = routedAt(verdict, timings)
  const total = timings.total_ms ?? null
  steps.push({
    box: 'small_llm',
    title: isCertain(verdict) ? 'No classifier asked' : 'Classifier',
    model: verdict.decided_by === 'small_llm' ? (models.small_llm ?? '') : '',
    deed: isCertain(verdict)
      ? `${verdict.reason}: needs ${verdict.need}`
      : `${deciders[verdict.decided_by]} ${verdict.confidence.toFixed(2)} in ${durationWords(verdict.took_ms)}: needs ${verdict.need}`,
    from: 0,
    to: routed,
  })

  if (verdict.need === 'text') {
    const [title, model] = isForVision(verdict) ? ['Vision LLM', models.vision_llm] : ['Large LLM', models.large_llm]
    steps.push({ box: 'large_llm', title, model: model ?? '', deed: textDeed(answer, routed), from: routed, to: total })
    return steps
  }

  const prompted = timings.image_prompt_ms ?? null
  const isAsItStands = hasOwnPrompt(answer)
  if (!isAsItStands) {
    steps.push({ box: 'large_llm', title: 'Large LLM', model: models.large_llm ?? '', deed: promptDeed(answer, routed), from: routed, to: prompted })
  }
  if (answer.drawing !== null || answer.pictures.length > 0) {
    const from = isAsItStands ? routed : prompted
    steps.push({ box: 'image_model', title: 'Image model', model: models.image_model ?? '', deed: imageDeed(answer, from), from, to: total })
  }
  return steps
}

/** The short form beside a box of the diagram: `0.98 · 12 ms`, `640 ms`, `step 2/4`. Empty where nothing is known yet. */
export function figuresOf(answer: Answer | null): Record<Box, string> {
  const figures: Record<Box, string> = { small_llm: '', large_llm: '', image_model: '' }
  if (!answer?.verdict) return figures
  const { verdict, drawing } = answer
  if (!isCertain(verdict)) figures.small_llm = `${verdict.confidence.toFixed(2)} · ${durationWords(verdict.took_ms)}`
  for (const { box, from, to } of stepsOf(answer)) {
    if (box !== 'small_llm' && from !== null && to !== null) figures[box] = durationWords(to - from)
  }
  if (answer.status === 'running' && verdict.need === 'text' && answer.timings.first_token_ms !== undefined) {
    figures.large_llm = `first word ${durationWords(Math.max(0, answer.timings.first_token_ms - routedAt(verdict, answer.timings)))}`
  }
  if (answer.status === 'running' && drawing && isPictureDue(answer)) {
    if (drawing.position) figures.image_model = `${drawing.position} before it`
    else if (drawing.pictures > 1) figures.image_model = `picture ${answer.pictures.length + 1}/${drawing.pictures}`
    else if (drawing.steps) figures.image_model = `step ${drawing.step}/${drawing.steps}`
  }
  return figures
}

/** ms from the question to the verdict. As it happens, the page hears of the steps late, and of several at once. */
function routedAt(verdict: Verdict, timings: Answer['timings']): number {
  return timings.routed_ms ?? verdict.took_ms
}

function textDeed(answer: Answer, routed: number): string {
  const { timings, usage, status } = answer
  if (timings.total_ms === undefined) return status === 'running' ? 'answers' : 'began to answer'
  const took = timings.total_ms - routed
  const first = timings.first_token_ms === undefined ? '' : `, first word after ${durationWords(Math.max(0, timings.first_token_ms - routed))}`
  const tokens = usage ? `, ${usage.completion_tokens} ${usage.completion_tokens === 1 ? 'token' : 'tokens'}` : ''
  return `answered in ${durationWords(took)}${first}${tokens}`
}

function promptDeed({ status, timings, drawing, pictures }: Answer, routed: number): string {
  const wrote = drawing && drawing.pictures > 1 ? 'wrote the image prompts' : 'wrote the image prompt'
  if (timings.image_prompt_ms !== undefined) return `${wrote} in ${durationWords(timings.image_prompt_ms - routed)}`
  if (drawing?.prompt || pictures.length > 0) return wrote
  return status === 'running' ? 'writes the image prompt' : 'began to write the image prompt'
}

function imageDeed(answer: Answer, from: number | null): string {
  const { timings, drawing, status } = answer
  const count = answer.pictures.length
  const picture = answer.pictures[0]
  if (!picture && drawing?.steps) return `drew ${drawing.step} of ${drawing.steps} steps`
  if (!picture) return status === 'running' ? 'draws' : 'drew no picture'
  if (status === 'running' && isPictureDue(answer)) return `drew ${count} of ${drawing?.pictures} pictures`
  const steps = picture.steps === null ? '' : ` ${picture.steps} ${picture.steps === 1 ? 'step' : 'steps'}`
  const took = timings.total_ms === undefined || from === null ? '' : ` in ${durationWords(timings.total_ms - from)}`
  return `drew${count > 1 ? ` ${count} pictures` : steps}${took}`
}
