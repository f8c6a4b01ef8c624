/** The question that was sent last and may not have arrived: tried again it keeps its id, by which MoM asks it once. */

import type { StoredMessage } from '../mixture/events'

/** Attachments are compared one by one, being large. */
interface Try {
  question: string
  attachments: string[]
  clientId: string
  onFound: () => void
}

export class LastTry {
  #last: Try | null = null

  /**
   * The id of this question: the last one's where it is the same. `onFound` is called should it be found to have arrived after all,
   * when its words have been given back already.
   */
  idFor(question: string, attachments: string[], onFound: () => void): string {
    const last = this.#last
    const isSame =
      last?.question === question && last.attachments.length === attachments.length && attachments.every((picture, index) => picture === last.attachments[index])
    this.#last = { question, attachments, clientId: isSame ? last.clientId : randomId(), onFound }
    return this.#last.clientId
  }

  /** It has arrived: the same words are another question from now on. */
  forget(): void {
    this.#last = null
  }

  /** Look for it among these messages, and give whether it is there. */
  find(stored: StoredMessage[]): boolean {
    const last = this.#last
    if (!last || !stored.some(({ turn }) => turn?.client_id === last.clientId)) return false
    this.forget()
    last.onFound()
    return true
  }
}

/** 128 random bits; `crypto.randomUUID` is missing where the page came over plain HTTP from another machine. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
