/** Takes pictures that a person attaches into the draft, and says plainly which ones cannot be sent. */

import { PICTURE_TYPES, readPicture } from '../services/files'
import type { Conversation } from './conversation.svelte'

export { PICTURE_TYPES }

/** At most so many with one message, and so large each (bytes); the server's own limits. */
const MOST = 4
const LARGEST = 10_000_000

export async function attachPictures(conversation: Conversation, files: Iterable<File>): Promise<void> {
  conversation.error = ''
  for (const file of files) {
    if (!PICTURE_TYPES.includes(file.type)) conversation.error = `${file.name} is no picture that can be sent: PNG, JPEG or WebP.`
    else if (file.size > LARGEST) conversation.error = `${file.name} is larger than ${LARGEST / 1_000_000} MB.`
    else if (conversation.attached.length >= MOST) conversation.error = `At most ${MOST} pictures go with one message.`
    else {
      try {
        conversation.attached = [...conversation.attached, await readPicture(file)]
      } catch (error) {
        conversation.error = error instanceof Error ? error.message : String(error)
      }
    }
  }
}
