/** Takes the pictures, text files and PDFs that a person attaches into the draft, and says plainly which ones cannot be sent. */

import { bytesOf, type TextFile } from '../mixture/text_files'
import { bytesWords } from '../mixture/words'
import { RequestError } from '../services/api'
import { fetchAsDataUrl, isPdf, nameOf, PICTURE_TYPES, readPdf, readPicture, readText } from '../services/files'
import type { Conversation } from './conversation.svelte'
import type { Reading } from './draft.svelte'

/** At most so many pictures with one message, and so large each (bytes); the server's own limits. */
const MOST = 4
const LARGEST = 10_000_000
const LARGEST_PDF = 20_000_000
/** The bytes of all text files of a message: the server takes 100,000 with the words. */
const MOST_TEXT = 90_000

export async function attachFiles(conversation: Conversation, files: Iterable<File>): Promise<void> {
  conversation.error = ''
  const refusals: string[] = []
  // Copied: the browser empties its own list as soon as the chooser is ready for the next choice.
  const chosen = [...files].map((file) => ({ file, reading: isPdf(file) ? conversation.draft.beginReading(nameOf(file)) : null }))
  for (const { file, reading } of chosen) {
    try {
      if (reading) await attachPdf(conversation, file, reading)
      else await (PICTURE_TYPES.includes(file.type) ? attachPicture : attachText)(conversation, file)
    } catch (error) {
      refusals.push(error instanceof Error ? error.message : String(error))
      conversation.error = [...new Set(refusals)].join(' ')
    }
  }
}

/** Attach a picture that the chat shows. */
export async function attachShown(conversation: Conversation, url: string): Promise<void> {
  conversation.error = ''
  try {
    const picture = await fetchAsDataUrl(url)
    if (!conversation.draft.pictures.includes(picture)) addPicture(conversation, picture)
  } catch (error) {
    conversation.error = error instanceof Error ? error.message : String(error)
  }
}

async function attachPicture(conversation: Conversation, file: File): Promise<void> {
  if (file.size > LARGEST) throw new Error(`${file.name} is larger than ${bytesWords(LARGEST)}.`)
  addPicture(conversation, await readPicture(file))
}

function addPicture(conversation: Conversation, picture: string): void {
  // What is attached is looked at only now: others may have come, been removed or been sent meanwhile.
  if (conversation.draft.pictures.length >= MOST) throw new Error(`At most ${MOST} pictures can be attached to a message.`)
  conversation.draft.pictures = [...conversation.draft.pictures, picture]
}

async function attachText(conversation: Conversation, file: File): Promise<void> {
  const text = await readText(file, MOST_TEXT)
  if (file.size > MOST_TEXT) throw tooLong(text.name)
  addFile(conversation, text)
}

async function attachPdf(conversation: Conversation, file: File, reading: Reading): Promise<void> {
  const { signal } = reading.abort
  try {
    if (file.size > LARGEST_PDF) throw new Error(`${reading.name} is larger than ${bytesWords(LARGEST_PDF)}. Attach the pages that matter.`)
    const text = await readPdf(file, signal)
    if (!signal.aborted) addFile(conversation, text)
  } catch (error) {
    if (signal.aborted) return
    throw error instanceof RequestError && error.failure.code === 'message_too_long' ? tooLong(reading.name) : error
  } finally {
    conversation.draft.endReading(reading)
  }
}

function addFile(conversation: Conversation, file: TextFile): void {
  const files = [...conversation.draft.files, file]
  if (files.reduce((sum, one) => sum + bytesOf(one), 0) > MOST_TEXT) throw tooLong(file.name)
  conversation.draft.files = files
}

const tooLong = (name: string): Error =>
  new Error(`${name} does not fit: the text files of a message may have ${bytesWords(MOST_TEXT)} together. Attach the part that matters.`)
