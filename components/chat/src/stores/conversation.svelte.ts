/** One chat: its messages, the draft of the next question, and what can be wished of its answers. */

import type { Failure, Need } from '../mixture/events'
import { ask, type Asked, createChat, overruleTurn, readChat, RequestError, retryTurn } from '../services/api'
import { keepDraft, readDraft } from '../services/drafts'
import { fetchAsDataUrl } from '../services/files'
import { AnswerMessage, failureOf, type Message, QuestionMessage } from './message.svelte'
import { MessageTree } from './tree.svelte'

const WATCH_MS = 2000

/** A question that was sent and may not have arrived; its attachments are compared one by one, being large. */
interface Try {
  question: string
  attachments: string[]
  clientId: string
}
const NO_TRY: Try = { question: '', attachments: [], clientId: '' }

/** Whom a conversation tells of what the list of chats should show. */
export interface ConversationOwner {
  onCreated: (conversation: Conversation, firstWords: string) => void
  onChanged: () => void
  /** MoM does not answer any more. */
  onUnreachable: () => void
}

export interface Wish {
  parent?: Message | null
  /** Pictures as data URLs. */
  attachments?: string[]
  seed?: number | null
}

export class Conversation {
  /** None until the first question is asked. */
  id = $state<string | null>(null)
  title = $state('')
  isLoading = $state(false)
  /** A plain sentence each: why the chat could not be read, and why the last wish could not be carried out. */
  readError = $state('')
  error = $state('')
  /** There is no such chat (any more). */
  isGone = $state(false)
  #draft = $state('')
  /** The pictures attached to the draft, as data URLs. */
  attached = $state.raw<string[]>([])
  /** Something was answered here while another chat was open. */
  hasNews = $state(false)

  readonly tree = new MessageTree(
    (parent) =>
      new AnswerMessage(parent, {
        onMissed: () => void this.read(),
        onBreak: () => {
          this.owner.onUnreachable()
        },
      }),
  )
  readonly isAnswering = $derived(this.tree.answers.some((answer) => answer.isRunning))
  /** The answer that is being written at the end of what is shown. */
  readonly running = $derived.by(() => {
    const last = this.tree.path.at(-1)
    return last?.role === 'assistant' && last.isRunning ? last : null
  })

  /** Not where the chat could not be read: the question would follow nothing. */
  readonly canSend = $derived(!this.running && !this.readError && (this.#draft.trim() !== '' || this.attached.length > 0))

  #isOpen = false
  #wishesUnderWay = 0
  #reads = 0
  #isReadDue = false
  #isSendDue = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #lastTry = NO_TRY

  constructor(
    readonly owner: ConversationOwner,
    id: string | null = null,
  ) {
    this.id = id
    this.#draft = readDraft(id)
  }

  /** The next question as far as it is written; kept in this browser. */
  get draft(): string {
    return this.#draft
  }

  set draft(words: string) {
    this.#draft = words
    this.#isSendDue = false
    keepDraft(this.id, words)
  }

  /** Show this chat: read it as it is stored, then follow what is being answered. */
  async open(): Promise<void> {
    this.#isOpen = true
    this.hasNews = false
    clearTimeout(this.#timer)
    await this.read()
  }

  /** Another chat is shown. */
  leave(): void {
    this.#isOpen = false
    this.#follow()
  }

  /** The chat is gone. */
  forget(): void {
    this.leave()
    clearTimeout(this.#timer)
    this.draft = ''
  }

  /** Read the chat as it is stored. What is stored does not yet hold what is just being asked: then it is read after that. */
  async read(): Promise<void> {
    const number = ++this.#reads
    this.#isReadDue = this.#wishesUnderWay > 0
    this.isLoading = this.id !== null && !this.#isReadDue
    if (!this.id || this.#isReadDue) return
    this.readError = ''
    this.isGone = false
    try {
      const stored = await readChat(this.id)
      if (number !== this.#reads) return
      this.title = stored.title
      this.tree.store(stored.messages)
      this.#follow()
    } catch (error) {
      if (number !== this.#reads) return
      this.readError = this.#failed(error).message
      this.isGone = isNotFound(error)
      if (this.isGone) this.owner.onChanged()
    } finally {
      if (number === this.#reads) {
        this.isLoading = false
        if (this.#isSendDue) void this.send()
      }
    }
  }

  /**
   * Ask the draft. It is shown at once, and comes back into the draft where the server does not take it. While the chat is being
   * read it waits: it is to follow what is stored last.
   */
  async send(): Promise<void> {
    this.#isSendDue = this.canSend && this.isLoading
    if (!this.canSend || this.#isSendDue) return
    const content = this.draft.trim()
    const attachments = this.attached
    this.draft = ''
    this.attached = []
    if (await this.ask(content, { attachments })) return
    this.draft = this.draft ? `${content}\n${this.draft}` : content
    this.attached = [...attachments, ...this.attached]
  }

  /** Ask after `parent` (unset: after what is shown last; null: as a first question). False where the server refuses. */
  async ask(content: string, { parent = this.tree.path.at(-1) ?? null, attachments = [], seed = null }: Wish = {}): Promise<boolean> {
    const question = new QuestionMessage(parent, content, attachments)
    const answer = this.tree.newAnswer(question)
    const parentId = parent?.id ?? null
    const clientId = this.#clientIdFor(JSON.stringify([content, parentId, seed]), attachments)
    const isAsked = await this.#wish([question, answer], answer, async () => {
      const chatId = this.id ?? (await this.#create(content))
      const asked = await ask(chatId, { content, client_id: clientId, parent_id: parentId, seed, attachments })
      question.id = asked.question_id
      return asked
    })
    if (isAsked) this.#lastTry = NO_TRY
    return isAsked
  }

  /** Ask one after the other, each once the one before has been answered and as long as nothing else has been asked. */
  async askInTurn(questions: readonly string[]): Promise<void> {
    for (const [index, words] of questions.entries()) {
      const last = this.tree.path.at(-1)
      if (index > 0 && (last?.role !== 'assistant' || last.answer.status !== 'finished')) return
      if (!(await this.ask(words))) return
      const answer = this.tree.path.at(-1)
      if (answer?.role === 'assistant') await answer.ended
      if (this.tree.path.at(-1) !== answer) return
    }
  }

  /** Ask a question's edited words in its place; both are kept, side by side. They are still being edited where the server does not take them. */
  async askEdited(question: QuestionMessage): Promise<void> {
    const words = question.edited
    if (!words?.trim()) return
    question.edited = null
    if (!(await this.#askInstead(question, words.trim()))) question.edited ??= words
  }

  /** Draw an answer's edited prompt, beside the first picture; the same holds for its words. */
  async drawEdited(answer: AnswerMessage, seed: number | null): Promise<void> {
    const { edited } = answer
    if (!edited?.words.trim()) return
    answer.edited = null
    const parent = answer.parent?.parent ?? null
    if (!(await this.ask(`/image ${edited.words.trim()}`, { parent, seed }))) answer.edited ??= edited
  }

  /** Edit the question that was asked last, of those shown. */
  editLast(): void {
    const question = this.tree.path.findLast((message) => message.role === 'user')
    if (question) question.edited ??= question.content
  }

  /** Show another version of the last message that has some. */
  stepVersion(offset: number): void {
    const message = this.tree.path.findLast((one) => this.tree.siblings(one).count > 1)
    if (message) this.choose(message, offset)
  }

  /** Show the sibling that is `offset` further. */
  choose(message: Message, offset: number): void {
    this.tree.choose(message, offset)
    this.#follow()
  }

  async retry(answer: AnswerMessage): Promise<void> {
    await this.#answerAgain(answer, retryTurn)
  }

  /** Answer as the other need: the verdict was wrong. */
  async overrule(answer: AnswerMessage, need: Need): Promise<void> {
    await this.#answerAgain(answer, (turnId) => overruleTurn(turnId, need))
  }

  async #answerAgain(answer: AnswerMessage, wish: (turnId: string) => Promise<Asked>): Promise<void> {
    const { turnId } = answer
    if (!turnId) return
    const sibling = this.tree.newAnswer(answer.parent)
    await this.#wish([sibling], sibling, () => wish(turnId))
  }

  /** Ask other words in the place of `question`, with its pictures. */
  async #askInstead(question: QuestionMessage, content: string): Promise<boolean> {
    this.error = ''
    try {
      const attachments = await Promise.all(question.pictures.map(fetchAsDataUrl))
      return await this.ask(content, { parent: question.parent, attachments })
    } catch (error) {
      this.error = this.#failed(error).message
      return false
    }
  }

  /** Show `added` at once; take it back, and say why, where the server refuses. */
  async #wish(added: Message[], answer: AnswerMessage, wish: () => Promise<Asked>): Promise<boolean> {
    this.error = ''
    this.tree.add(added)
    this.#wishesUnderWay++
    if (this.isLoading) void this.read() // what comes of the read under way may be older than this wish
    try {
      answer.begin(await wish())
      this.#follow()
      return true
    } catch (error) {
      this.tree.remove(added)
      this.error = this.#failed(error).message
      return false
    } finally {
      this.#wishesUnderWay--
      if (this.#isReadDue) void this.read()
      this.owner.onChanged()
    }
  }

  #failed(error: unknown): Failure {
    if (error instanceof RequestError && error.status === 0) this.owner.onUnreachable()
    return failureOf(error)
  }

  async #create(firstWords: string): Promise<string> {
    const { id } = await createChat()
    this.id = id
    // What has been written meanwhile is this chat's next question, and not the next chat's first.
    keepDraft(null, '')
    keepDraft(id, this.#draft)
    this.owner.onCreated(this, firstWords)
    return id
  }

  /** Follow the answers that are shown, and none else: a browser has few connections to one server (six, by HTTP/1.1). */
  #follow(): void {
    for (const answer of this.#runningOutOfSight()) answer.leave()
    if (this.#isOpen) for (const message of this.tree.path) if (message.role === 'assistant') message.follow()
    this.#watchFromAfar()
  }

  #runningOutOfSight(): AnswerMessage[] {
    const running = this.tree.answers.filter((answer) => answer.isRunning)
    return this.#isOpen ? running.filter((answer) => !this.tree.path.includes(answer)) : running
  }

  /** Ask now and then how the answers that are not shown stand, until all have ended. */
  #watchFromAfar(): void {
    clearTimeout(this.#timer)
    if (this.#runningOutOfSight().length > 0) this.#timer = setTimeout(() => void this.#lookFromAfar(), WATCH_MS)
  }

  async #lookFromAfar(): Promise<void> {
    const hidden = this.#runningOutOfSight()
    const statuses = await Promise.allSettled(hidden.map((answer) => answer.readStatus()))
    if (statuses.every((status) => (status.status === 'fulfilled' ? status.value !== 'running' : isNotFound(status.reason)))) {
      if (!this.#isOpen && hidden.length > 0) this.hasNews = true
      await this.read()
    } else {
      this.#watchFromAfar()
    }
  }

  /** The same question tried again is the same one, should the first try have arrived after all. */
  #clientIdFor(question: string, attachments: string[]): string {
    const last = this.#lastTry
    const isSame = last.question === question && last.attachments.length === attachments.length && attachments.every((picture, index) => picture === last.attachments[index])
    if (!isSame) this.#lastTry = { question, attachments, clientId: randomId() }
    return this.#lastTry.clientId
  }
}

const isNotFound = (error: unknown): boolean => error instanceof RequestError && error.status === 404

/** 128 random bits; `crypto.randomUUID` is missing where the page came over plain HTTP from another machine. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
