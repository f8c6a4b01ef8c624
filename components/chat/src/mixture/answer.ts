/** An answer as it grows: a pure value, and the one function that takes it from event to event. */

import type { EventName, Failure, Picture, StoredMessage, TurnEvent, TurnStatus, Usage, Verdict } from './events'

/** A picture on its way. `position` counts the pictures before it in the queue; `preview` is a data URL. */
export interface Drawing {
  prompt: string
  droppedTail: string
  /** How many the answer is to have in all; this one comes after those that it has. */
  pictures: number
  position: number | null
  step: number
  steps: number | null
  preview: string | null
}

export interface Answer {
  status: TurnStatus
  /** Each part that may speak, and its model's name. */
  models: Record<string, string>
  verdict: Verdict | null
  text: string
  reasoning: string
  drawing: Drawing | null
  pictures: Picture[]
  error: Failure | null
  finishReason: string | null
  usage: Usage | null
  /** A step's name and its time in ms. */
  timings: Record<string, number>
}

const EMPTY: Answer = {
  status: 'running',
  models: {},
  verdict: null,
  text: '',
  reasoning: '',
  drawing: null,
  pictures: [],
  error: null,
  finishReason: null,
  usage: null,
  timings: {},
}

const UNDRAWN: Drawing = { prompt: '', droppedTail: '', pictures: 1, position: null, step: 0, steps: null, preview: null }

/** An answer that nothing has happened to yet. */
export function emptyAnswer(): Answer {
  return { ...EMPTY }
}

/** Whether not all pictures that the answer is to have are finished. */
export function isPictureDue({ drawing, pictures }: Answer): boolean {
  return drawing !== null && pictures.length < drawing.pictures
}

/** The answer as far as it was stored. */
export function storedAnswer(message: StoredMessage): Answer {
  const { turn } = message
  const status = turn?.status ?? 'finished'
  return {
    ...EMPTY,
    status,
    models: turn?.models ?? {},
    verdict: message.verdict,
    text: message.content,
    reasoning: message.reasoning,
    drawing: message.image_prompt
      ? {
          ...UNDRAWN,
          prompt: message.image_prompt,
          // How many were asked for is not stored: where the answer did not come to its end, one more at least.
          pictures: Math.max(1, message.images.length + (status === 'finished' ? 0 : 1)),
          preview: message.preview || null,
        }
      : null,
    pictures: message.images,
    error: turn?.error ?? null,
    finishReason: turn?.finish_reason ?? null,
    usage: turn?.usage ?? null,
    timings: turn?.timings ?? {},
  }
}

/**
 * The answer after one more event; the answer given is left as it is.
 *
 * A turn's events are replayed from their first whenever a reader attaches, so `turn_started` begins the answer anew:
 * applying a replay to an answer that had grown already gives the same answer, not a doubled one.
 */
export function applyEvent(answer: Answer, event: TurnEvent): Answer {
  switch (event.name) {
    case 'turn_started':
      return { ...EMPTY, models: event.data.models }
    case 'routed':
      return { ...answer, verdict: event.data }
    case 'text_delta':
      return { ...answer, text: answer.text + event.data.text }
    case 'reasoning_delta':
      return { ...answer, reasoning: answer.reasoning + event.data.text }
    case 'image_prompt_written':
      return {
        ...answer,
        drawing: {
          ...drawingOf(answer),
          prompt: event.data.prompt,
          droppedTail: event.data.dropped_tail,
          pictures: event.data.pictures,
        },
      }
    case 'image_queued':
      return { ...answer, drawing: { ...drawingOf(answer), position: event.data.position } }
    case 'image_progress': {
      const drawing = drawingOf(answer)
      const { step, steps, preview } = event.data
      return { ...answer, drawing: { ...drawing, position: null, step, steps, preview: preview ?? drawing.preview } }
    }
    case 'image_finished':
      // The preview has done its work; keeping its data URL would keep its bytes.
      return {
        ...answer,
        drawing: { ...drawingOf(answer), position: null, step: 0, steps: null, preview: null },
        pictures: [...answer.pictures, event.data.image],
      }
    case 'turn_snapshot':
      return { ...storedAnswer(event.data.message), status: event.data.status }
    case 'turn_finished':
      return {
        ...answer,
        status: 'finished',
        finishReason: event.data.finish_reason,
        usage: event.data.usage,
        timings: event.data.timings,
      }
    case 'turn_stopped':
      return { ...answer, status: 'stopped' }
    case 'turn_failed':
      return { ...answer, status: 'failed', error: event.data.error }
    case 'turn_interrupted':
      return { ...answer, status: 'interrupted' }
    default:
      event satisfies never
      return answer
  }
}

/** The step that is over with an event, under the name that the turn's own timings have for it. The verdict tells its own time. */
const TIMED: Partial<Record<EventName, string>> = { text_delta: 'first_token_ms', image_prompt_written: 'image_prompt_ms' }

/** The answer after an event that has just happened, `elapsed` ms after the question: the turn's own timings come with its end only. */
export function applyLiveEvent(answer: Answer, event: TurnEvent, elapsed: number): Answer {
  const step = TIMED[event.name]
  const next = applyEvent(answer, event)
  if (step === undefined || step in next.timings) return next
  return { ...next, timings: { ...next.timings, [step]: Math.max(elapsed, next.verdict?.took_ms ?? 0) } } // no step ends before the verdict
}

function drawingOf(answer: Answer): Drawing {
  return answer.drawing ?? UNDRAWN
}
