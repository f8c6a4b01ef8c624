/** Takes the pictures and text files that a person attaches into the draft, and says plainly which ones cannot be sent. */

import { bytesOf } from '../mixture/text_files'
import { bytesWords } from '../mixture/words'
import { PICTURE_TYPES, readPicture, readText } from '../services/files'
import type { Conversation } from './conversation.svelte'

/** At most so many pictures with one message, and so large each (bytes); the server's own limits. */
const MOST = 4
const LARGEST = 10_000_000
/** The bytes of all text files of a message: the server takes 100,000 with the words. */
const MOST_TEXT = 90_000

export async function attachFiles(conversation: Conversation, files: Iterable<File>): Promise<void> {
  conversation.error = ''
  const refusals: string[] = []
  // Copied: the browser empties its own list as soon as the chooser is ready for the next choice.
  for (const file of [...files]) {
    try {
      await (PICTURE_TYPES.includes(file.type) ? attachPicture : attachText)(conversation, file)
    } catch (error) {
      refusals.push(error instanceof Error ? error.message : String(error))
      conversation.error = [...new Set(refusals)].join(' ')
    }
  }
}

async function attachPicture(conversation: Conversation, file: File): Promise<void> {
  if (file.size > LARGEST) throw new Error(`${file.name} is larger than ${bytesWords(LARGEST)}.`)
  const picture = await readPicture(file)
  // What is attached is looked at only now: others may have come, been removed or been sent meanwhile.
  if (conversation.draft.pictures.length >= MOST) throw new Error(`At most ${MOST} pictures can be attached to a message.`)
  conversation.draft.pictures = [...conversation.draft.pictures, picture]
}

async function attachText(conversation: Conversation, file: File): Promise<void> {
  const text = await readText(file, MOST_TEXT)
  const bytes = [...conversation.draft.files, text].reduce((sum, one) => sum + bytesOf(one), 0)
  if (file.size > MOST_TEXT || bytes > MOST_TEXT) throw new Error(`${file.name} does not fit: the text files of a message may have ${bytesWords(MOST_TEXT)} together. Attach the part that matters.`)
  conversation.draft.files = [...conversation.draft.files, text]
}
