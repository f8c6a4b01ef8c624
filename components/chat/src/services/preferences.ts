/** Keeps what a person prefers in this browser. */

export type Scheme = 'system' | 'light' | 'dark'
export const SCHEMES: readonly Scheme[] = ['system', 'light', 'dark']

const KEY = 'mom-scheme'

export function readScheme(): Scheme {
  try {
    const kept = localStorage.getItem(KEY)
    return SCHEMES.find((scheme) => scheme === kept) ?? 'system'
  } catch {
    return 'system' // this browser keeps nothing
  }
}

export function keepScheme(scheme: Scheme): void {
  try {
    localStorage.setItem(KEY, scheme)
  } catch {
    // full, or forbidden: it holds until the page is left
  }
}
