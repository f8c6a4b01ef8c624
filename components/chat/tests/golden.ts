/** The golden event streams that pytest and vitest share: tests/golden/NAME.jsonl and what the answer is in the end. */
import { readdirSync, readFileSync } from 'node:fs'
import type { TurnEvent } from '../src/mixture/events'

const folder = new URL('../../../tests/golden/', import.meta.url)

export const goldenNames = readdirSync(folder)
  .filter((file) => file.endsWith('.jsonl'))
  .map((file) => file.replace('.jsonl', ''))

export function goldenEvents(name: string): TurnEvent[] {
  return readFileSync(new URL(`${name}.jsonl`, folder), 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const { event, data } = JSON.parse(line) as { event: string; data: unknown }
      return { name: event, data } as TurnEvent
    })
}

const finalPath = (name: string): URL => new URL(`${name}.final.json`, folder)

export function goldenFinal(name: string): unknown {
  return JSON.parse(readFileSync(finalPath(name), 'utf8'))
}
