/** The one language of server and screen, as src/mom/mixture/events.py speaks it: what happens while a message is answered. */

export type Need = 'text' | 'image'

export type DecidedBy = 'command' | 'attachment' | 'correction' | 'bert' | 'small_llm' | 'regex' | 'default'

/** `confidence` and `probabilities` lie in 0..1, `took_ms` is wall time, `reason` one clause for people. */
export interface Verdict {
  need: Need
  confidence: number
  probabilities: Record<Need, number>
  decided_by: DecidedBy
  took_ms: number
  reason: string
  expert: string | null
}

/** A picture that has been stored; `width` and `height` in px. */
export interface Picture {
  id: string
  url: string
  width: number
  height: number
  seed: number | null
  steps: number | null
  prompt: string
  /** The end of the prompt that the image model did not read; empty where it read all. */
  dropped_tail: string
  alt: string
}

export interface Usage {
  prompt_tokens: number
  completion_tokens: number
}

/** A failure as the server words it; `message` is shown to people as it stands. */
export interface Failure {
  message: string
  type: string | null
  code: string | null
  param: string | null
}

export type TurnStatus = 'running' | 'finished' | 'stopped' | 'failed' | 'interrupted'

/** How the making of an answer stands, or ended. */
interface StoredTurn {
  id: string
  /** The question's own, by which who asked it knows it again; null where it was given none. */
  client_id: string | null
  status: TurnStatus
  models: Record<string, string>
  error: Failure | null
  finish_reason: string | null
  usage: Usage | null
  timings: Record<string, number> | null
}

/** A message as the chats store it; `images` are an answer's pictures, or those attached to a question. */
export interface StoredMessage {
  id: string
  parent_id: string | null
  role: 'user' | 'assistant'
  content: string
  reasoning: string
  /** What the answer's picture was to show, also where it was never drawn to its end. */
  image_prompt: string
  /** How far that picture had come where it was not drawn to its end, as a data URL; otherwise empty. */
  preview: string
  images: Picture[]
  verdict: Verdict | null
  turn: StoredTurn | null
}

export type TurnEvent =
  | { name: 'turn_started'; data: { models: Record<string, string> } }
  | { name: 'routed'; data: Verdict }
  | { name: 'text_delta'; data: { text: string } }
  | { name: 'reasoning_delta'; data: { text: string } }
  | { name: 'image_prompt_written'; data: { prompt: string; dropped_tail: string; pictures: number } }
  | { name: 'image_queued'; data: { position: number } }
  | { name: 'image_progress'; data: { step: number; steps: number; preview: string | null } }
  | { name: 'image_finished'; data: { image: Picture } }
  | { name: 'turn_snapshot'; data: { message: StoredMessage; status: TurnStatus } }
  | { name: 'turn_finished'; data: { finish_reason: string; usage: Usage | null; timings: Record<string, number> } }
  | { name: 'turn_stopped'; data: Record<string, never> }
  | { name: 'turn_failed'; data: { error: Failure } }
  | { name: 'turn_interrupted'; data: Record<string, never> }

export type EventName = TurnEvent['name']

const isLastByName = {
  turn_started: false,
  routed: false,
  text_delta: false,
  reasoning_delta: false,
  image_prompt_written: false,
  image_queued: false,
  image_progress: false,
  image_finished: false,
  turn_snapshot: false,
  turn_finished: true,
  turn_stopped: true,
  turn_failed: true,
  turn_interrupted: true,
} satisfies Record<EventName, boolean>

export const EVENT_NAMES = Object.keys(isLastByName) as EventName[]

/** Whether the turn is over with this event. A snapshot of a turn that no longer runs ends it as well. */
export function isLast(event: TurnEvent): boolean {
  return isLastByName[event.name] || (event.name === 'turn_snapshot' && event.data.status !== 'running')
}
