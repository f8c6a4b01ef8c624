/** Which real models to take, by the memory they may use: plain model addresses, as MoM's settings read them. */

export interface Choice {
  /** GB of memory (or of the graphics card) that all parts together may take. */
  memory: number
  /** GB to download, about. */
  download: number
  /** The addresses by the parts that they are to play. */
  addresses: Record<'small_llm' | 'large_llm' | 'image_model', string>
}

const DRAWER = 'hf:Lykon/dreamshaper-8-lcm'
const qwen3 = (size: string): string => `hf:Qwen/Qwen3-${size}-GGUF/Qwen3-${size}-Q4_K_M.gguf`
const qwen25 = (size: string): string => `hf:Qwen/Qwen2.5-${size}-Instruct-GGUF/qwen2.5-${size.toLowerCase()}-instruct-q4_k_m.gguf`

const choice = (memory: number, download: number, small: string, large: string): Choice => ({
  memory,
  download,
  addresses: { small_llm: small, large_llm: large, image_model: DRAWER },
})

export const MODEST = choice(8, 6, qwen25('1.5B'), qwen3('4B'))
export const CHOICES: readonly Choice[] = [
  choice(4, 4, 'same', qwen25('1.5B')),
  MODEST,
  choice(16, 9, qwen25('1.5B'), qwen3('8B')),
  choice(24, 13, qwen25('1.5B'), qwen3('14B')),
]

/** The lines for `.env`. */
export function settingsLines({ addresses }: Choice): string {
  return Object.entries(addresses)
    .map(([part, address]) => `MOM_${part.toUpperCase()}=${address}`)
    .join('\n')
}
