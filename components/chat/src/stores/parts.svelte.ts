/** The parts of the mixture and their states, asked for again and again only while one of them is still on its way. */

import { type Part, readParts } from '../services/api'

export type { Part }

const POLL_MS = 2000
const SETTLED: readonly Part['state'][] = ['ready', 'failed', 'external']

export class PartsStore {
  /** By name: `small_llm`, `large_llm`, `image_model`, where set up `vision_llm`. Empty until MoM has answered. */
  parts = $state.raw<Record<string, Part>>({})
  isReachable = $state(true)
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Ask now, and then every two seconds until nothing is starting or downloading any more. */
  async watch(): Promise<void> {
    clearTimeout(this.#timer)
    try {
      const { parts } = await readParts()
      this.parts = Object.fromEntries(Object.entries(parts).filter(([name]) => name !== 'web'))
      this.isReachable = true
    } catch {
      this.isReachable = false // said on the page, and asked again below
    }
    clearTimeout(this.#timer)
    if (!this.isReachable || Object.values(this.parts).some((part) => !SETTLED.includes(part.state))) {
      this.#timer = setTimeout(() => void this.watch(), POLL_MS)
    }
  }

  /** Whether a demo model plays this part; `model` is the name it had, for an answer of the past. */
  isDemo(name: string, model?: string): boolean {
    const part = this.parts[name]
    return part !== undefined && part.demo && (model === undefined || model === part.model)
  }
}
