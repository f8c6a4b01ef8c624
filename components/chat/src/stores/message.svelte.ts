/** The messages of a conversation's tree: a question, and an answer that follows its own turn while it runs. */

import { type Answer, applyEvent, applyLiveEvent, emptyAnswer, storedAnswer } from '../mixture/answer'
import type { Failure, StoredMessage, TurnStatus } from '../mixture/events'
import { splitFiles, type TextFile } from '../mixture/text_files'
import { type Asked, isNotFound, readTurn, RequestError, stopTurn } from '../services/api'
import { followTurn } from '../services/turn_events'

/** Events that come quicker than this are drawn together: a page redrawn for every token falls behind a quick model. */
const DRAW_MS = 33
/** After so long without an event it is asked how the turn stands: no browser notices a connection that just falls silent. */
const SILENCE_MS = 30_000
const RETRY_MS = [500, 1000, 2000, 4000, 8000] as const
let keys = 0

/** What went wrong, in words for people. */
export function failureOf(error: unknown): Failure {
  if (error instanceof RequestError) return error.failure
  return { message: `The page made a mistake: ${String(error)}`, type: null, code: null, param: null }
}

/**
 * Whom an answer tells: that its turn ended without its events having been read to the last, that it was stopped, but not by
 * this page, and that MoM, or one of its parts, may be gone.
 */
interface AnswerOwner {
  onMissed: () => void
  onStoppedElsewhere: (answer: AnswerMessage) => void
  onBreak: () => void
}

export class QuestionMessage {
  readonly role = 'user'
  /** Stays the same while the id changes from none to the server's. */
  readonly key = ++keys
  id = $state<string | null>(null)
  /** Other words to be asked in its place, as far as they are written; null: it is not being edited. */
  edited = $state<string | null>(null)
  readonly files: readonly TextFile[]
  readonly words: string

  /** `pictures` are the addresses of those attached. */
  constructor(
    readonly parent: Message | null,
    readonly content: string,
    readonly pictures: string[] = [],
    id: string | null = null,
  ) {
    this.id = id
    const { files, words } = splitFiles(content)
    this.files = files
    this.words = words
  }
}

/** Another prompt for one of the answer's pictures, as far as it is written. */
export interface EditedPrompt {
  pictureId: string
  words: string
  keepsSeed: boolean
}

export class AnswerMessage {
  readonly role = 'assistant'
  readonly key = ++keys
  id = $state<string | null>(null)
  turnId = $state<string | null>(null)
  answer = $state.raw<Answer>(emptyAnswer())
  /** Null: no prompt of its pictures is being edited. */
  edited = $state<EditedPrompt | null>(null)
  /** Asked to stop: shown at once, before the server has said so. */
  isStopping = $state(false)
  /** The event stream broke and is being taken up again. */
  isCutOff = $state(false)
  /** A plain sentence where stopping failed. */
  stopError = $state('')
  readonly isRunning = $derived(this.answer.status === 'running')

  #close: (() => void) | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #refusals = 0
  /** The answer with all events that have come, where that is more than is drawn. */
  #latest: Answer | null = null
  #drawing: ReturnType<typeof setTimeout> | undefined
  /** When this page asked; null for a turn that was begun elsewhere, whose events are replayed. */
  #askedAt: number | null = null
  #end: () => void = () => undefined
  /** Fulfilled once the answer runs no longer. */
  readonly ended = new Promise<void>((resolve) => {
    this.#end = resolve
  })

  constructor(
    readonly parent: Message | null,
    readonly owner: AnswerOwner,
  ) {}

  /** Take over what is stored. An answer that is being followed knows better already. */
  store(message: StoredMessage): void {
    this.id = message.id
    this.turnId = message.turn?.id ?? null
    if (this.#close) return
    this.#askedAt = null // followed from here on, its events are a replay
    this.answer = storedAnswer(message)
    if (!this.isRunning) this.#settle()
  }

  /** The server has taken the question: from now on there is a turn to follow. */
  begin(asked: Asked): void {
    this.id = asked.message_id
    this.turnId = asked.turn_id
    this.#askedAt = performance.now()
    if (this.isStopping) void this.#sendStop()
  }

  /** Attach to the turn's events, from its first one on; they say the rest. */
  follow(): void {
    if (!this.turnId || this.#close || !this.isRunning) return
    this.#close = followTurn(this.turnId, {
      onEvent: (event) => {
        this.#refusals = 0
        this.#lookAgainIn(SILENCE_MS)
        const before = this.#latest ?? this.answer
        this.#latest = this.#askedAt === null ? applyEvent(before, event) : applyLiveEvent(before, event, performance.now() - this.#askedAt)
        if (event.name === 'turn_interrupted' || event.name === 'turn_failed') this.owner.onBreak()
        const isStoppedElsewhere = event.name === 'turn_stopped' && !this.isStopping
        if (this.#latest.status !== 'running') this.#settle()
        else this.#drawing ??= setTimeout(() => { this.#draw() }, DRAW_MS)
        if (isStoppedElsewhere) this.owner.onStoppedElsewhere(this)
      },
      onOpen: () => {
        this.isCutOff = false
      },
      onBreak: () => {
        this.#cutOff()
      },
      onRefused: () => {
        this.leave()
        this.#cutOff()
        this.#lookAgainSoon()
      },
    })
    this.#lookAgainIn(SILENCE_MS)
  }

  #cutOff(): void {
    this.isCutOff = true
    this.#askedAt = null // what comes next is a replay
    this.owner.onBreak()
  }

  /** Let go of the event stream; the turn goes on without a reader. */
  leave(): void {
    this.#draw()
    this.#askedAt = null // followed again, its events are a replay
    this.#close?.()
    this.#close = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** How the turn stands, asked without holding a stream open. */
  async readStatus(): Promise<TurnStatus> {
    return this.turnId ? (await readTurn(this.turnId)).status : this.answer.status
  }

  stop(): void {
    if (!this.isRunning || this.isStopping) return
    this.isStopping = true
    this.stopError = ''
    // Without a turn yet, `begin` stops it as soon as there is one.
    if (this.turnId) void this.#sendStop()
  }

  async #sendStop(): Promise<void> {
    try {
      if (this.turnId) await stopTurn(this.turnId)
    } catch (error) {
      this.isStopping = false
      if (this.isRunning) this.stopError = failureOf(error).message
    }
  }

  #lookAgainSoon(): void {
    this.#lookAgainIn(RETRY_MS[Math.min(this.#refusals++, RETRY_MS.length - 1)])
  }

  #lookAgainIn(wait?: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#lookAgain(), wait)
  }

  async #lookAgain(): Promise<void> {
    const look = this.#timer
    try {
      const status = await this.readStatus()
      if (look !== this.#timer) return // meanwhile an event has come, or the answer is out of sight
      this.leave()
      if (status === 'running') this.follow()
      else this.owner.onMissed()
    } catch (error) {
      if (look !== this.#timer) return
      const wasFollowed = this.#close !== undefined
      this.leave()
      if (isNotFound(error)) {
        this.owner.onMissed()
        return
      }
      if (wasFollowed) this.#cutOff()
      this.#lookAgainSoon()
    }
  }

  #draw(): void {
    clearTimeout(this.#drawing)
    this.#drawing = undefined
    if (this.#latest) this.answer = this.#latest
    this.#latest = null
  }

  #settle(): void {
    this.leave()
    this.isCutOff = false
    this.isStopping = false
    this.stopError = ''
    this.#end()
  }
}

export type Message = QuestionMessage | AnswerMessage
