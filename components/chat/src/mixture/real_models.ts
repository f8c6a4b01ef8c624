/** Which real models to take, by the memory they may use: plain model addresses, as MoM's settings read them. */

export interface Bundle {
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

/** GB to download of each, about. */
const SIZES: Readonly<Record<string, number>> = {
  [DRAWER]: 2.1,
  [qwen25('1.5B')]: 1.1,
  [qwen3('4B')]: 2.5,
  [qwen3('8B')]: 5,
  [qwen3('14B')]: 9,
}

function bundle(memory: number, small: string, large: string): Bundle {
  const sizes = [small, large, DRAWER].map((address) => SIZES[address] ?? 0)
  return {
    memory,
    download: Math.ceil(sizes.reduce((all, one) => all + one)),
    addresses: { small_llm: small, large_llm: large, image_model: DRAWER },
  }
}

export const MODEST = bundle(8, qwen25('1.5B'), qwen3('4B'))
export const BUNDLES: readonly Bundle[] = [
  bundle(4, 'same', qwen25('1.5B')),
  MODEST,
  bundle(16, qwen25('1.5B'), qwen3('8B')),
  bundle(24, qwen25('1.5B'), qwen3('14B')),
]

/** The models of all these that would have to be downloaded for a part, with their bytes. */
export function downloadsFor(part: string): { address: string; bytes: number }[] {
  const addresses = BUNDLES.flatMap((one) => Object.entries(one.addresses).filter(([name]) => name === part))
  return [...new Set(addresses.map(([, address]) => address))]
    .filter((address) => address in SIZES)
    .map((address) => ({ address, bytes: (SIZES[address] ?? 0) * 1e9 }))
}

/** The lines for `.env`. */
export function settingsLines({ addresses }: Bundle): string {
  return Object.entries(addresses)
    .map(([part, address]) => `MOM_${part.toUpperCase()}=${address}`)
    .join('\n')
}
