/** What people read about an answer: its verdict, its phase, its end. */

import type { Answer } from './answer'
import type { DecidedBy, Verdict } from './events'

export const deciders: Record<DecidedBy, string> = {
  command: 'command',
  attachment: 'attachment',
  correction: 'your correction',
  bert: 'BERT',
  small_llm: 'small LLM',
  regex: 'regex',
  default: 'default',
}

/** By its form or by a person's word: no model was asked, and there is no probability. */
export function isCertain(verdict: Verdict): boolean {
  return ['command', 'attachment', 'correction'].includes(verdict.decided_by)
}

/** No LLM writes the image prompt: it is the command's own words, or an earlier picture's. A finished answer knows it by its timings. */
export function hasOwnPrompt({ verdict, status, timings }: Answer): boolean {
  if (verdict?.need !== 'image') return false
  return ['command', 'attachment'].includes(verdict.decided_by) || (status === 'finished' && timings.image_prompt_ms === undefined)
}

/** `2.1 ms`, `640 ms`, `1.8 s`. */
export function durationWords(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`
  return ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** `40 B`, `640 kB`, `31 MB`, `1.3 GB`: units of 1,000, as the hub and most file managers count. */
export function bytesWords(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  if (bytes >= 1e6) return `${Math.round(bytes / 1e6)} MB`
  return bytes >= 1e3 ? `${Math.round(bytes / 1e3)} kB` : `${bytes} B`
}

/** What is being done for a running answer, in a word or two; empty once it has ended. */
export function phaseWords(answer: Answer): string {
  if (answer.status !== 'running') return ''
  if (!answer.verdict) return 'Deciding'
  if (answer.verdict.need === 'text') {
    if (answer.text) return 'Writing'
    return answer.reasoning ? 'Thinking' : 'Reading'
  }
  const { drawing, pictures } = answer
  if (!drawing?.prompt) return 'Writing the image prompt'
  if (drawing.position !== null && drawing.position > 0) {
    return drawing.position === 1 ? 'One picture is drawn before this one' : `${drawing.position} pictures are drawn before this one`
  }
  const deed = drawing.pictures > 1 ? `Picture ${Math.min(pictures.length + 1, drawing.pictures)} of ${drawing.pictures}` : 'Drawing'
  return drawing.steps ? `${deed}, step ${drawing.step} of ${drawing.steps}` : deed
}

/** How an answer ended, where that needs a word: it was stopped, cut off or broken off, or there is none. */
export function endWords(answer: Answer): string {
  switch (answer.status) {
    case 'stopped':
      return 'Stopped.'
    case 'interrupted':
      return 'Interrupted: MoM ended while it was answering.'
    case 'failed':
      return answer.error?.message ?? 'This answer failed.'
    case 'finished':
      return finishedWords(answer)
    case 'running':
      return ''
  }
}

function finishedWords(answer: Answer): string {
  if (answer.finishReason === 'length') return 'Cut off: the model reached its length limit.'
  if (answer.finishReason?.startsWith('content_filter')) return "Held back by a content filter of the model's server."
  if (answer.text.trim() || answer.pictures.length > 0) return ''
  return 'The model answered nothing. Try again, or ask in other words.'
}

/** Whether a text comes from the vision LLM: to the one that sees go attached pictures, and what is asked about them later. */
export function isForVision(verdict: Verdict): boolean {
  return verdict.expert === 'vision_llm'
}
