/** Takes pictures that a person attaches into the draft, and says plainly which ones cannot be sent. */

import { PICTURE_TYPES, readPicture } from '../services/files'
import type { Conversation } from './conversation.svelte'

export { PICTURE_TYPES }

/** At most so many with one message, and so large each (bytes); the server's own limits. */
const MOST = 4
const LARGEST = 10_000_000

export async function attachPictures(conversation: Conversation, files: Iterable<File>): Promise<void> {
  conversation.error = ''
  // Copied: the browser empties its own list as soon as the chooser is ready for the next choice.
  for (const file of [...files]) {
    if (!PICTURE_TYPES.includes(file.type)) conversation.error = `${file.name} is not a picture that can be sent. Attach a PNG, a JPEG or a WebP.`
    else if (file.size > LARGEST) conversation.error = `${file.name} is larger than ${LARGEST / 1_000_000} MB.`
    else await attach(conversation, file)
  }
}

async function attach(conversation: Conversation, file: File): Promise<void> {
  try {
    const picture = await readPicture(file)
    // What is attached is looked at only now: others may have come, been removed or been sent meanwhile.
    if (conversation.attached.length < MOST) conversation.attached = [...conversation.attached, picture]
    else conversation.error = `At most ${MOST} pictures can be attached to a message.`
  } catch (error) {
    conversation.error = error instanceof Error ? error.message : String(error)
  }
}
