/** One chat: its messages, and what can be asked in it and wished of its answers. */

import type { Failure, Need } from '../mixture/events'
import { withFiles } from '../mixture/text_files'
import { ask, type Asked, createChat, isNotFound, overruleTurn, readChat, RequestError, retryTurn } from '../services/api'
import { fetchAsDataUrl } from '../services/files'
import { Draft } from './draft.svelte'
import { Following } from './following.svelte'
import { LastTry } from './last_try'
import { AnswerMessage, failureOf, type Message, QuestionMessage } from './message.svelte'
import type { Sought } from './place'
import { MessageTree } from './tree.svelte'

const LOOK_AGAIN_MS = 1000

/** Whom a conversation tells of what the list of chats should show. */
export interface ConversationOwner {
  onCreated: (conversation: Conversation, firstWords: string) => void
  onChanged: () => void
  /** MoM does not answer any more. */
  onUnreachable: () => void
}

interface Wish {
  /** The question that this is another version of; unset: it follows what is shown last. */
  insteadOf?: QuestionMessage | null
  /** Pictures as data URLs. */
  attachments?: string[]
  seed?: number | null
  /** Called where it was not taken, as far as anybody knew, but is found among the messages later. */
  onFound?: () => void
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
  /** What a search has found here, until it is shown. */
  sought = $state.raw<Sought | null>(null)
  readonly draft: Draft

  readonly tree = new MessageTree(
    (parent) =>
      new AnswerMessage(parent, {
        onMissed: () => void this.read(),
        onStoppedElsewhere: (answer) => void this.#takeOver(answer),
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
  readonly canSend = $derived.by(() => !this.running && !this.readError && !this.draft.isEmpty && this.draft.readings.length === 0)

  readonly #following = new Following(this.tree, () => this.read())
  #wishesUnderWay = 0
  #reads = 0
  #isReadDue = false
  /** The words to be sent as soon as the chat has been read, unless others are written by then. */
  #wordsDue: string | null = null
  readonly #lastTry = new LastTry()
  /** What went wrong last: MoM was not reached. */
  #isUnreached = false

  constructor(
    readonly owner: ConversationOwner,
    id: string | null = null,
  ) {
    this.id = id
    this.draft = new Draft(id)
  }

  /** Something was answered here while another chat was open. */
  get hasNews(): boolean {
    return this.#following.hasNews
  }

  /** Show this chat: read it as it is stored, then follow what is being answered. */
  async open(): Promise<void> {
    this.#following.open()
    await this.read()
  }

  /** Another chat is shown. */
  leave(): void {
    this.#following.leave()
  }

  /** The chat is gone. */
  forget(): void {
    this.#following.end()
    this.draft.words = ''
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
      if (this.#lastTry.find(stored.messages) || this.#isUnreached) this.error = ''
      this.#isUnreached = false
      this.#following.update()
    } catch (error) {
      if (number !== this.#reads) return
      this.readError = this.#failed(error).message
      this.isGone = isNotFound(error)
      if (this.isGone) this.owner.onChanged()
    } finally {
      if (number === this.#reads) {
        this.isLoading = false
        if (this.#wordsDue === this.draft.words) void this.send()
      }
    }
  }

  /**
   * Ask the draft. It is shown at once, and comes back into the draft where the server does not take it. While the chat is being
   * read it waits: it is to follow what is stored last.
   */
  async send(): Promise<void> {
    this.#wordsDue = this.canSend && this.isLoading ? this.draft.words : null
    if (!this.canSend || this.isLoading) return
    const written = this.draft.take()
    const onFound = (): void => {
      this.draft.remove(written)
    }
    const isAsked = await this.ask(withFiles(written.files, written.words), { attachments: written.pictures, onFound })
    if (!isAsked) this.draft.giveBack(written)
  }

  /** Ask after what is shown last, or in a question's place. False where the server refuses. */
  async ask(content: string, { insteadOf = null, attachments = [], seed = null, onFound = () => undefined }: Wish = {}): Promise<boolean> {
    const parent = insteadOf ? insteadOf.parent : (this.tree.path.at(-1) ?? null)
    const question = new QuestionMessage(parent, content, attachments)
    const answer = this.tree.newAnswer(question)
    const place = insteadOf?.id ? { instead_of: insteadOf.id } : { parent_id: parent?.id ?? null }
    const clientId = this.#lastTry.idFor(JSON.stringify([content, place, seed]), attachments, onFound)
    const isAsked = await this.#wish([question, answer], answer, async () => {
      const chatId = this.id ?? (await this.#create(question.words || content))
      const asked = await ask(chatId, { content, client_id: clientId, ...place, seed, attachments })
      question.id = asked.question_id
      return asked
    })
    if (isAsked) this.#lastTry.forget()
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

  /** Ask a question's edited words in its place; both are kept, side by side. */
  async askEdited(question: QuestionMessage): Promise<void> {
    const words = question.edited?.trim()
    if (words) await this.#askInstead(question, withFiles(question.files, words), question)
  }

  /** Draw an answer's edited prompt, beside the first picture. */
  async drawEdited(answer: AnswerMessage, seed: number | null): Promise<void> {
    const words = answer.edited?.words.trim()
    if (words && answer.parent?.role === 'user') await this.#askInstead(answer.parent, `/image ${words}`, answer, seed)
  }

  /** Edit the question that was asked last, of those shown; not before the server has it, which is to know what takes its place. */
  editLast(): void {
    const question = this.tree.path.findLast((message) => message.role === 'user')
    if (question?.id) question.edited ??= question.words
  }

  /** Show another version of the last message that has some. */
  stepVersion(offset: number): void {
    const message = this.tree.path.findLast((one) => this.tree.siblings(one).count > 1)
    if (message) this.choose(message, offset)
  }

  /** Show the sibling that is `offset` further. */
  choose(message: Message, offset: number): void {
    this.tree.choose(message, offset)
    this.#following.update()
  }

  /** The message that is sought, as soon as it is read; it is among those shown then, and sought no more. */
  takeSought(): Message | null {
    const message = this.sought && this.tree.messages.find(({ id }) => id === this.sought?.message_id)
    if (!message) return null
    this.sought = null
    this.tree.reveal(message)
    this.#following.update()
    return message
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

  /**
   * An answer was stopped elsewhere: what was asked in its place there is shown here, too. Another answer to the same question is
   * begun right after the stop, so that it may take a second look to see it.
   */
  async #takeOver(answer: AnswerMessage, known = this.tree.messages, looks = 2): Promise<void> {
    if (!this.tree.path.includes(answer)) return // its place is taken here already
    await this.read()
    this.tree.showNewcomers(answer, known)
    this.#following.update()
    if (looks > 1) setTimeout(() => void this.#takeOver(answer, known, looks - 1), LOOK_AGAIN_MS)
  }

  /** Ask other words in the place of `question`, with its pictures. Where the server does not take them, they are still being edited. */
  async #askInstead(question: QuestionMessage, content: string, editor: { edited: unknown }, seed: number | null = null): Promise<void> {
    const { edited } = editor
    const close = (): void => {
      editor.edited = null
    }
    close()
    this.error = ''
    try {
      const attachments = await Promise.all(question.pictures.map(fetchAsDataUrl))
      if (await this.ask(content, { insteadOf: question, attachments, seed, onFound: close })) return
    } catch (error) {
      this.error = this.#failed(error).message
    }
    editor.edited ??= edited
  }

  /** Show `added` at once; take it back, and say why, where the server refuses. */
  async #wish(added: Message[], answer: AnswerMessage, wish: () => Promise<Asked>): Promise<boolean> {
    this.error = ''
    this.tree.add(added)
    this.#wishesUnderWay++
    if (this.isLoading) void this.read() // what comes of the read under way may be older than this wish
    try {
      answer.begin(await wish())
      this.#following.update()
      return true
    } catch (error) {
      this.tree.remove(added)
      this.error = this.#failed(error).message
      if (this.#isUnreached) void this.#lookForLost()
      return false
    } finally {
      this.#wishesUnderWay--
      if (this.#isReadDue) void this.read()
      this.owner.onChanged()
    }
  }

  /** A question that nobody answered may have been taken all the same. */
  async #lookForLost(): Promise<void> {
    const stored = this.id ? await readChat(this.id).catch(() => null) : null
    if (stored && this.#lastTry.find(stored.messages)) await this.read()
  }

  #failed(error: unknown): Failure {
    this.#isUnreached = error instanceof RequestError && error.status === 0
    if (this.#isUnreached) this.owner.onUnreachable()
    return failureOf(error)
  }

  async #create(firstWords: string): Promise<string> {
    const { id } = await createChat()
    this.id = id
    this.draft.moveTo(id)
    this.owner.onCreated(this, firstWords)
    return id
  }
}
