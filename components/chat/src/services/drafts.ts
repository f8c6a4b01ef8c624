/** Keeps drafts in this browser, one for each chat and one for the chat that is not begun. */

const keyOf = (chatId: string | null): string => `mom-draft-${chatId ?? 'new'}`

export function readDraft(chatId: string | null): string {
  try {
    return localStorage.getItem(keyOf(chatId)) ?? ''
  } catch {
    return '' // this browser keeps nothing, and says so itself where that was chosen
  }
}

/** An empty draft is forgotten. */
export function keepDraft(chatId: string | null, draft: string): void {
  try {
    if (draft) localStorage.setItem(keyOf(chatId), draft)
    else localStorage.removeItem(keyOf(chatId))
  } catch {
    // full, or forbidden: the draft still stands in the page
  }
}
