/** All chats: the list, and the one that is open. */

import { SvelteMap } from 'svelte/reactivity'
import { asMarkdown } from '../mixture/transcript'
import { type ChatSummary, deleteChat, type FoundMessage, isNotFound, listChats, readChat, renameChat } from '../services/api'
import { saveMarkdown } from '../services/files'
import { Conversation, type ConversationOwner } from './conversation.svelte'
import { failureOf } from './message.svelte'
import { pageOf, type Place } from './place'

export type { ChatSummary }

const TITLE_CHARS = 60

export class ChatsStore implements ConversationOwner {
  list = $state.raw<ChatSummary[]>([])
  /** A plain sentence where the list could not be read or changed. */
  error = $state('')
  /** The chat that is not begun; left and returned to, it still has its words and pictures. */
  #unbegun = new Conversation(this)
  open = $state.raw<Conversation>(this.#unbegun)
  /** What failed, done once more. */
  #again: () => Promise<void> = () => this.refresh()
  #reads = 0
  readonly #conversations = new SvelteMap<string, Conversation>()

  /** `onUnreachable` is told when MoM does not answer any more. */
  constructor(
    readonly place: Place,
    readonly onUnreachable: () => void,
  ) {}

  /** Read the list and open the chat that its place names. */
  async start(): Promise<void> {
    this.place.onChange(() => {
      this.#openPlaced()
    })
    this.#openPlaced()
    this.open.sought = this.place.sought()
    await this.refresh()
  }

  /** MoM answers again after it did not, or the page is looked at again: what went on elsewhere is not missed. */
  async comeBack(): Promise<void> {
    await Promise.all([this.refresh(), this.open.read()])
  }

  /** Read the list. What an earlier read says is no longer true once a later one has begun. */
  async refresh(): Promise<void> {
    const number = ++this.#reads
    try {
      const list = await listChats()
      if (number !== this.#reads) return
      this.list = list
      this.error = ''
      for (const { id, title } of this.list) {
        const conversation = this.#conversations.get(id)
        if (conversation) conversation.title = title
      }
    } catch (error) {
      if (number === this.#reads) this.#failed(error, () => this.refresh())
    }
  }

  /** Do once more what the error tells of. */
  async tryAgain(): Promise<void> {
    await this.#again()
  }

  /** What the list shows beside a chat's title. */
  stateOf(id: string): 'answering' | 'news' | 'quiet' {
    const conversation = this.#conversations.get(id)
    if (conversation?.isAnswering) return 'answering'
    return conversation?.hasNews ? 'news' : 'quiet'
  }

  /** The address of a chat, or of a new one; where it was found by a message, at that one. */
  addressOf(id: string | null, found: FoundMessage | null = null): string {
    return pageOf(id, found)
  }

  /** Show another chat, or a new one; where it was found by a message, at that one. */
  goTo(id: string | null, found: FoundMessage | null = null): void {
    this.place.go(id)
    this.#openPlaced()
    this.open.sought = found
  }

  /** Save a chat as a Markdown file: the versions that are shown of its messages. */
  async download(id: string): Promise<void> {
    await this.#change(async () => {
      const conversation = this.#begun(id)
      if (conversation !== this.open) await conversation.read()
      const { title, messages } = await readChat(id)
      const shown = conversation.tree.path.flatMap((message) => messages.find((one) => one.id === message.id) ?? [])
      saveMarkdown(asMarkdown(title, shown, location.href), title)
    })
  }

  async rename(id: string, title: string): Promise<void> {
    await this.#change(async () => {
      await renameChat(id, title)
      const conversation = this.#conversations.get(id)
      if (conversation) conversation.title = title
    })
  }

  async remove(id: string): Promise<void> {
    await this.#change(async () => {
      await deleteChat(id).catch((error: unknown) => {
        if (!isNotFound(error)) throw error // otherwise it is gone, as was wished
      })
      this.#conversations.get(id)?.forget()
      this.#conversations.delete(id)
      if (this.open.id === id) this.goTo(null)
    })
  }

  onCreated(conversation: Conversation, firstWords: string): void {
    if (!conversation.id) return
    this.#conversations.set(conversation.id, conversation)
    this.#unbegun = new Conversation(this)
    conversation.title = firstWords.slice(0, TITLE_CHARS)
    this.#reads++ // what is being read may be from before
    // A list that was read meanwhile may have it already.
    this.list = [{ id: conversation.id, title: conversation.title }, ...this.list.filter(({ id }) => id !== conversation.id)]
    if (this.open === conversation) this.place.name(conversation.id)
  }

  onChanged(): void {
    void this.refresh()
  }

  #openPlaced(): void {
    const id = this.place.read()
    if (id !== null && id === this.open.id) return
    this.open.leave()
    this.open = id === null ? this.#unbegun : this.#begun(id)
    void this.open.open()
  }

  #begun(id: string): Conversation {
    const conversation = this.#conversations.get(id) ?? new Conversation(this, id)
    this.#conversations.set(id, conversation)
    return conversation
  }

  async #change(change: () => Promise<void>): Promise<void> {
    try {
      await change()
      await this.refresh()
    } catch (error) {
      // A chat that is gone is no more to be changed.
      this.#failed(error, () => (isNotFound(error) ? this.refresh() : this.#change(change)))
    }
  }

  #failed(error: unknown, again: () => Promise<void>): void {
    this.error = failureOf(error).message
    this.#again = again
  }
}
