/** A search through all chats: MoM finds the words in their messages, a moment after they were written. */

import { findMessages, type FoundMessage } from '../services/api'
import { failureOf } from './message.svelte'

export type { FoundMessage }

const WAIT_MS = 250
/** One letter says nothing, unless it is a word. */
const ENOUGH = /\S.*\S|\p{Script=Han}/su

export class Search {
  /** While it is under way: of what was found before, that which has these words, too. */
  found = $state.raw<FoundMessage[]>([])
  isUnderWay = $state(false)
  /** A plain sentence where messages could not be searched. */
  error = $state('')
  #words = $state('')
  #runs = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  get words(): string {
    return this.#words
  }

  set words(words: string) {
    this.#words = words
    this.#runs++ // what is being looked for is no longer wanted
    this.error = ''
    this.isUnderWay = ENOUGH.test(words)
    const sought = words.trim().toLowerCase()
    const has = ({ before, match, after }: FoundMessage): boolean => (before + match + after).toLowerCase().includes(sought)
    this.found = this.isUnderWay ? this.found.filter(has) : []
    clearTimeout(this.#timer)
    if (this.isUnderWay) this.#timer = setTimeout(() => void this.run(), WAIT_MS)
  }

  /** What was found in a chat. */
  in(chatId: string): FoundMessage | null {
    return this.found.find((one) => one.chat_id === chatId) ?? null
  }

  /** Look for the words now. */
  async run(): Promise<void> {
    const run = ++this.#runs
    this.error = ''
    this.isUnderWay = true
    try {
      const found = await findMessages(this.#words.trim())
      if (run === this.#runs) this.found = found
    } catch (error) {
      if (run !== this.#runs) return
      this.found = []
      this.error = failureOf(error).message
    } finally {
      if (run === this.#runs) this.isUnderWay = false
    }
  }
}
