/** Which real models to take, by the memory they may use: plain model addresses, as MoM's settings read them. */

interface Choice {
  /** GB of memory (or of the graphics card) that all parts together may take. */
  memory: number
  models: { variable: string; address: string }[]
  /** GB to download, about. */
  download: number
}

const DRAWER = 'hf:Lykon/dreamshaper-8-lcm'
const qwen3 = (size: string): string => `hf:Qwen/Qwen3-${size}-GGUF/Qwen3-${size}-Q4_K_M.gguf`
const qwen25 = (size: string): string => `hf:Qwen/Qwen2.5-${size}-Instruct-GGUF/qwen2.5-${size.toLowerCase()}-instruct-q4_k_m.gguf`

const choice = (memory: number, download: number, small: string, large: string): Choice => ({
  memory,
  download,
  models: [
    { variable: 'MOM_SMALL_LLM', address: small },
    { variable: 'MOM_LARGE_LLM', address: large },
    { variable: 'MOM_IMAGE_MODEL', address: DRAWER },
  ],
})

export const CHOICES: readonly Choice[] = [
  choice(4, 4, 'same', qwen25('1.5B')),
  choice(8, 6, qwen25('1.5B'), qwen3('4B')),
  choice(16, 9, qwen25('1.5B'), qwen3('8B')),
  choice(24, 13, qwen25('1.5B'), qwen3('14B')),
]

const PARTS: Record<string, string> = { MOM_SMALL_LLM: 'small_llm', MOM_LARGE_LLM: 'large_llm', MOM_IMAGE_MODEL: 'image_model' }

/** The addresses by the parts that they are to play. */
export function addressesOf(choice: Choice): Record<string, string> {
  return Object.fromEntries(choice.models.map(({ variable, address }) => [PARTS[variable] ?? variable, address]))
}

/** The lines for `.env`. */
export function settingsLines(choice: Choice): string {
  return choice.models.map(({ variable, address }) => `${variable}=${address}`).join('\n')
}
