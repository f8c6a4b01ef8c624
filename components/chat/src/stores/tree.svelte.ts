/** A chat's messages as the tree they form, and the way through it that is shown. */

import { SvelteMap } from 'svelte/reactivity'
import type { StoredMessage } from '../mixture/events'
import { AnswerMessage, type Message, QuestionMessage } from './message.svelte'

export class MessageTree {
  messages = $state.raw<Message[]>([])
  /** The messages shown, from the first: at each fork the sibling chosen, or the newest. */
  readonly path = $derived.by(() => this.#walk())
  readonly answers = $derived(this.messages.filter((message) => message.role === 'assistant'))

  /** By parent; a long chat is walked through for each message that is drawn. */
  readonly #children = $derived(groupByParent(this.messages))
  readonly #chosen = new SvelteMap<Message | null, Message>()

  /** `newAnswer` makes an answer that knows whom to tell of its end. */
  constructor(readonly newAnswer: (parent: Message | null) => AnswerMessage) {}

  add(messages: Message[]): void {
    this.messages = [...this.messages, ...messages]
    for (const message of messages) this.#chosen.set(message.parent, message)
  }

  remove(messages: Message[]): void {
    for (const message of messages) this.#chosen.delete(message.parent)
    this.messages = this.messages.filter((message) => !messages.includes(message))
  }

  /** Become what is stored. Messages known already stay the objects they are, so that the page need not draw them anew. */
  store(stored: StoredMessage[]): void {
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- read once, here; a reactive one takes its time for 2,000 messages
    const known = new Map(this.messages.map((message) => [message.id, message]))
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- the same
    const grown = new Map<string, Message>()
    for (const one of stored) {
      const parent = one.parent_id === null ? null : (grown.get(one.parent_id) ?? null)
      const message = known.get(one.id) ?? (one.role === 'user' ? questionFrom(one, parent) : this.newAnswer(parent))
      if (message.role === 'assistant') message.store(one)
      grown.set(one.id, message)
    }
    this.messages = [...grown.values()]
  }

  /** Where a message stands among its siblings: `index` counts from 0. */
  siblings(message: Message): { index: number; count: number } {
    const all = this.#childrenOf(message.parent)
    return { index: all.indexOf(message), count: all.length }
  }

  /** Show the sibling that is `offset` further. */
  choose(message: Message, offset: number): void {
    const all = this.#childrenOf(message.parent)
    const sibling = all[all.indexOf(message) + offset]
    if (sibling) this.#chosen.set(message.parent, sibling)
  }

  /** Show a message, and with it the versions that it follows. */
  reveal(message: Message): void {
    for (let one: Message | null = message; one; one = one.parent) this.#chosen.set(one.parent, one)
  }

  /** Where the newest version beside a message, or beside one that it follows, is none of those `known`, show that. */
  showNewcomers(message: Message, known: readonly Message[]): void {
    for (let one: Message | null = message; one; one = one.parent) {
      const newest = this.#childrenOf(one.parent).at(-1)
      if (newest && !known.includes(newest)) this.#chosen.delete(one.parent)
    }
  }

  #walk(): Message[] {
    const path: Message[] = []
    let next = this.#next(null)
    while (next) {
      path.push(next)
      next = this.#next(next)
    }
    return path
  }

  #next(parent: Message | null): Message | undefined {
    const children = this.#childrenOf(parent)
    const chosen = this.#chosen.get(parent)
    return chosen && children.includes(chosen) ? chosen : children.at(-1)
  }

  #childrenOf(parent: Message | null): Message[] {
    return this.#children.get(parent) ?? []
  }
}

function groupByParent(messages: Message[]): ReadonlyMap<Message | null, Message[]> {
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- made anew with the messages, never changed after
  const children = new Map<Message | null, Message[]>()
  for (const message of messages) {
    const siblings = children.get(message.parent)
    if (siblings) siblings.push(message)
    else children.set(message.parent, [message])
  }
  return children
}

function questionFrom(stored: StoredMessage, parent: Message | null): QuestionMessage {
  const pictures = stored.images.map((image) => image.url)
  return new QuestionMessage(parent, stored.content, pictures, stored.id)
}
