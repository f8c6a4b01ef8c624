/** The parts of the mixture and their states, asked for again and again only while one of them is on its way or does not answer. */

import { cancelChange, type Part, type Progress, readOffers, readParts, type Suggestion, swapPart } from '../services/api'
import { failureOf } from './message.svelte'

export type { Part, Progress, Suggestion }

const POLL_MS = 2000
const SETTLED: readonly Part['state'][] = ['ready', 'failed', 'external']

export class PartsStore {
  /** By name: `small_llm`, `large_llm`, `image_model`, where set up `vision_llm`. Empty until MoM has answered. */
  parts = $state.raw<Record<string, Part>>({})
  isReachable = $state(true)
  /** Models of an Ollama on this machine that could take over from demo models. */
  offer = $state.raw<Suggestion | null>(null)
  /** A plain sentence where other models could not be had, or a download not be cancelled. */
  changeError = $state('')
  /** The models that are to be replaced, by part, until others play these parts. */
  replaced = $state.raw<Record<string, string>>({})

  /** Told when MoM answers again after it did not. */
  onBack: () => void = () => undefined

  readonly isLoading = $derived(Object.values(this.parts).some((part) => !SETTLED.includes(part.state)))
  readonly #isSilent = $derived(Object.values(this.parts).some((part) => !part.answers))
  readonly hasDemo = $derived(Object.values(this.parts).some((part) => part.demo))
  /** Other models are on their way, asked for here or in another window. */
  readonly isReplacing = $derived(
    Object.keys(this.replaced).length > 0 ||
      Object.values(this.parts).some((part) => part.progress !== null || part.detail.includes('will take over')),
  )

  #timer: ReturnType<typeof setTimeout> | undefined
  #hasAskedForOffers = false

  /** Ask now, and then every two seconds until nothing is starting, downloading, silent or being replaced any more. */
  async watch(): Promise<void> {
    clearTimeout(this.#timer)
    try {
      const { parts } = await readParts()
      this.parts = Object.fromEntries(Object.entries(parts).filter(([name]) => name !== 'web'))
      if (!this.isReachable) this.onBack()
      this.isReachable = true
      this.replaced = Object.fromEntries(Object.entries(this.replaced).filter(([name, model]) => this.#isStill(name, model)))
    } catch {
      this.isReachable = false // said on the page, and asked again below
    }
    clearTimeout(this.#timer)
    if (!this.isReachable || this.isLoading || this.isReplacing || this.#isSilent) this.#timer = setTimeout(() => void this.watch(), POLL_MS)
    if (this.isReachable && !this.#hasAskedForOffers) await this.#lookForOffers()
  }

  /** Have the offered models play the LLMs' parts. */
  async takeOffer(): Promise<void> {
    if (this.offer && (await this.take({ ...this.offer }))) this.offer = null
  }

  /** Have models play parts, by the parts' names and the models' addresses. The ones before answer until they are there. */
  async take(addresses: Record<string, string>): Promise<boolean> {
    this.changeError = ''
    try {
      for (const [name, address] of Object.entries(addresses)) {
        await swapPart(name, address)
        this.replaced = { ...this.replaced, [name]: this.parts[name]?.model ?? '' }
      }
      return true
    } catch (error) {
      this.changeError = failureOf(error).message
      return false
    } finally {
      await this.watch()
    }
  }

  /** Keep the models that are there. */
  async cancel(names: readonly string[]): Promise<void> {
    this.changeError = ''
    try {
      await Promise.all(names.map(cancelChange))
    } catch (error) {
      this.changeError = failureOf(error).message
    }
    this.replaced = Object.fromEntries(Object.entries(this.replaced).filter(([name]) => !names.includes(name)))
    await this.watch()
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

  /** A part whose new model failed keeps the old one and says so; that is no longer on its way. */
  #isStill(name: string, model: string): boolean {
    const part = this.parts[name]
    return part?.model === model && part.state !== 'failed' && !part.detail.includes('could not take over')
  }
}
