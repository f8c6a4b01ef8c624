/** Puts words on the clipboard. */

/** False where the browser does not let it happen: over plain HTTP from another machine there is no clipboard. */
export async function copyText(words: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(words)
    return true
  } catch {
    return false // the caller says so on its button
  }
}
