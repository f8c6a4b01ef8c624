/** The next question of a chat, as far as it is written: its words, pictures and files. */

import type { TextFile } from '../mixture/text_files'
import { keepDraft, readDraft } from '../services/drafts'

export interface Written {
  words: string
  pictures: string[]
  files: TextFile[]
}

/** A file whose text MoM is about to give. */
export interface Reading {
  name: string
  /** Aborted, the file is not attached. */
  abort: AbortController
}

export class Draft {
  #chatId: string | null
  #words = $state('')
  /** As data URLs. */
  pictures = $state.raw<string[]>([])
  files = $state.raw<TextFile[]>([])
  readings = $state.raw<Reading[]>([])

  readonly isEmpty = $derived(this.#words.trim() === '' && this.pictures.length === 0 && this.files.length === 0)

  constructor(chatId: string | null) {
    this.#chatId = chatId
    this.#words = readDraft(chatId)
  }

  /** Kept in this browser. */
  get words(): string {
    return this.#words
  }

  set words(words: string) {
    this.#words = words
    keepDraft(this.#chatId, words)
  }

  beginReading(name: string): Reading {
    const reading = { name, abort: new AbortController() }
    this.readings = [...this.readings, reading]
    return reading
  }

  endReading(reading: Reading): void {
    reading.abort.abort()
    this.readings = this.readings.filter((other) => other !== reading)
  }

  /** The chat is begun: what has been written meanwhile is its next question, and not the next chat's first. */
  moveTo(chatId: string): void {
    keepDraft(this.#chatId, '')
    this.#chatId = chatId
    keepDraft(chatId, this.#words)
  }

  /** What is written, to be sent; the draft is empty then. */
  take(): Written {
    const { pictures, files } = this
    const words = this.words.trim()
    this.words = ''
    this.pictures = []
    this.files = []
    return { words, pictures, files }
  }

  /** What was not taken stands before what has been written since. */
  giveBack({ words, pictures, files }: Written): void {
    this.words = this.words ? `${words}\n${this.words}` : words
    this.pictures = [...pictures, ...this.pictures]
    this.files = [...files, ...this.files]
  }

  /** What was given back, but has been taken all the same. */
  remove({ words, pictures, files }: Written): void {
    if (this.words.startsWith(words)) this.words = this.words.slice(words.length).trimStart()
    this.pictures = this.pictures.filter((picture) => !pictures.includes(picture))
    this.files = this.files.filter((file) => !files.includes(file))
  }
}
