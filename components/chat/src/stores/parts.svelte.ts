/** The parts of the mixture and their states, asked for again and again only while one of them is on its way or does not answer. */

import {
  cancelChange,
  type Choice,
  type Choices,
  type Key,
  listModels,
  type Part,
  type Progress,
  readChoices,
  readOffers,
  readParts,
  resetPart,
  type Suggestion,
  swapPart,
} from '../services/api'
import { failureOf } from './message.svelte'

export type { Choice, Choices, Part, Progress, Suggestion }

const POLL_MS = 2000
const SETTLED: readonly Part['state'][] = ['ready', 'failed', 'external', 'none']

export class PartsStore {
  /** By name: `small_llm`, `large_llm`, `image_model`, `vision_llm`. Empty until MoM has answered. */
  parts = $state.raw<Record<string, Part>>({})
  isReachable = $state(true)
  /** Models of an Ollama on this machine that could take over from demo models. */
  offer = $state.raw<Suggestion | null>(null)
  /** A plain sentence where other models could not be had or found, or a change not be cancelled. */
  changeError = $state('')
  /** What could play the part that is looked at; null until that is known. */
  choices = $state.raw<Choices | null>(null)

  /** Told when MoM answers again after it did not. */
  onBack: () => void = () => undefined

  readonly isLoading = $derived(Object.values(this.parts).some((part) => !SETTLED.includes(part.state)))
  readonly #isSilent = $derived(Object.values(this.parts).some((part) => !part.answers))
  readonly hasDemo = $derived(Object.values(this.parts).some((part) => part.demo))
  /** Other models are on their way, asked for here or in another window. */
  readonly isReplacing = $derived(Object.values(this.parts).some((part) => part.changing || part.progress !== null))

  #timer: ReturnType<typeof setTimeout> | undefined
  #hasAskedForOffers = false
  /** MoM may tell of a change that was just asked for only when it is asked once more. */
  #isChangeNews = false
  #looks = 0

  /** Ask now, and then every two seconds until nothing is starting, downloading, silent or being replaced any more. */
  async watch(): Promise<void> {
    clearTimeout(this.#timer)
    const isAskedAgain = this.#isChangeNews
    this.#isChangeNews = false
    try {
      const { parts } = await readParts()
      this.parts = Object.fromEntries(Object.entries(parts).filter(([name]) => name !== 'web'))
      if (!this.isReachable) this.onBack()
      this.isReachable = true
    } catch {
      this.isReachable = false // said on the page, and asked again below
    }
    clearTimeout(this.#timer)
    if (!this.isReachable || this.isLoading || this.isReplacing || this.#isSilent || isAskedAgain) {
      this.#timer = setTimeout(() => void this.watch(), POLL_MS)
    }
    if (this.isReachable && !this.#hasAskedForOffers) await this.#lookForOffers()
  }

  /** Have the offered models play the LLMs' parts. */
  async takeOffer(): Promise<void> {
    if (this.offer && (await this.take({ ...this.offer }))) this.offer = null
  }

  /** Have models play parts, by the parts' names and the models' addresses. The ones before answer until they are there. */
  take(addresses: Record<string, string>): Promise<boolean> {
    return this.#change(Object.entries(addresses).map(([name, address]) => () => swapPart(name, address)))
  }

  /** The same for one part and a model that may ask for a key. */
  connect(name: string, address: string, key: Key): Promise<boolean> {
    return this.#change([() => swapPart(name, address, key)])
  }

  /** Which models there are at an address, or a plain sentence on why that cannot be told. */
  async modelsAt(name: string, address: string, key: Key): Promise<string[] | string> {
    try {
      return (await listModels(name, address, key)).models
    } catch (error) {
      return failureOf(error).message
    }
  }

  /** Have the model that the settings name play a part again, in the same way; where they name none, nobody. */
  reset(name: string): Promise<boolean> {
    return this.#change([() => resetPart(name)])
  }

  /** Keep the model that plays a part now, also where another one that was chosen before is gone. */
  cancel(name: string): Promise<boolean> {
    return this.#change([() => cancelChange(name)])
  }

  /** Find out what could play a part, and what does: it may have been changed elsewhere, in a window or on a phone. */
  async look(name: string): Promise<void> {
    const look = ++this.#looks
    this.choices = null
    this.changeError = ''
    void this.watch()
    try {
      const choices = await readChoices(name)
      if (look === this.#looks) this.choices = choices
    } catch (error) {
      if (look === this.#looks) this.changeError = failureOf(error).message
    }
  }

  /** Whether a demo model plays this part; `model` is the name it had, for an answer of the past. */
  isDemo(name: string, model?: string): boolean {
    const part = this.parts[name]
    return part !== undefined && part.demo && (model === undefined || model === part.model)
  }

  /** Only where demo models stand in: where a person has chosen, nothing else is offered. */
  async #lookForOffers(): Promise<void> {
    this.#hasAskedForOffers = true
    if (!this.isDemo('large_llm')) return
    try {
      this.offer = (await readOffers()).ollama.suggestion
    } catch {
      this.offer = null // nothing was promised, so nobody misses an offer
    }
  }

  /** One after the other, until one is refused. */
  async #change(wishes: readonly (() => Promise<unknown>)[]): Promise<boolean> {
    this.changeError = ''
    try {
      for (const wish of wishes) await wish()
      return true
    } catch (error) {
      this.changeError = failureOf(error).message
      return false
    } finally {
      this.#isChangeNews = true
      await this.watch()
    }
  }
}
