/** Follows a chat's running answers: those that are shown by their events, the others by asking now and then how they stand. */

import { isNotFound } from '../services/api'
import type { AnswerMessage } from './message.svelte'
import type { MessageTree } from './tree.svelte'

const WATCH_MS = 2000

export class Following {
  /** Something was answered while another chat was open. */
  hasNews = $state(false)
  #isOpen = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `onEnded`: all answers out of sight have ended, and what they say is to be read. */
  constructor(
    readonly tree: MessageTree,
    readonly onEnded: () => Promise<void>,
  ) {}

  /** The chat is shown, and about to be read. */
  open(): void {
    this.#isOpen = true
    this.hasNews = false
    clearTimeout(this.#timer)
  }

  /** Another chat is shown. */
  leave(): void {
    this.#isOpen = false
    this.update()
  }

  /** The chat is gone. */
  end(): void {
    this.leave()
    clearTimeout(this.#timer)
  }

  /** Follow the answers that are shown now, and none else: a browser has few connections to one server (six, by HTTP/1.1). */
  update(): void {
    for (const answer of this.#outOfSight()) answer.leave()
    if (this.#isOpen) for (const message of this.tree.path) if (message.role === 'assistant') message.follow()
    this.#watch()
  }

  #outOfSight(): AnswerMessage[] {
    const running = this.tree.answers.filter((answer) => answer.isRunning)
    return this.#isOpen ? running.filter((answer) => !this.tree.path.includes(answer)) : running
  }

  /** Ask after a while how the answers out of sight stand, until all have ended. */
  #watch(): void {
    clearTimeout(this.#timer)
    if (this.#outOfSight().length > 0) this.#timer = setTimeout(() => void this.#look(), WATCH_MS)
  }

  async #look(): Promise<void> {
    const hidden = this.#outOfSight()
    const statuses = await Promise.allSettled(hidden.map((answer) => answer.readStatus()))
    if (statuses.every((status) => (status.status === 'fulfilled' ? status.value !== 'running' : isNotFound(status.reason)))) {
      if (!this.#isOpen && hidden.length > 0) this.hasNews = true
      await this.onEnded()
    } else {
      this.#watch()
    }
  }
}
