/** Reads the pictures, text files and PDFs a person attaches, and saves what they take with them. */

import type { TextFile } from '../mixture/text_files'
import { readFileText, readStoredPicture } from './api'

export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp']

/** The picture as a data URL, as it is sent with a message. Refused here where it cannot be shown: nobody could look at it. */
export async function readPicture(file: File): Promise<string> {
  const url = await readAsDataUrl(file, file.name)
  const shown = new Image()
  shown.src = url
  try {
    await shown.decode()
  } catch {
    throw new Error(`${file.name} cannot be read as a picture; it may be damaged. Add another.`)
  }
  return url
}

export const isPdf = (file: File): boolean => file.type === 'application/pdf' || /\.pdf$/i.test(file.name)

/** The name as it is shown and sent, on one line. */
export const nameOf = (file: File): string => file.name.replace(/\p{C}+/gu, ' ').trim() || 'file'

/** The PDF as a text file of its name, which MoM makes of it. */
export async function readPdf(file: File, signal: AbortSignal): Promise<TextFile> {
  const name = nameOf(file)
  return { name, text: (await readFileText(file, name, signal)).text }
}

/** The file as text, or its first `most` bytes: as far as it can be sent. Refused here where it is something else. */
export async function readText(file: File, most: number): Promise<TextFile> {
  const name = nameOf(file)
  let bytes: ArrayBuffer
  try {
    bytes = await file.slice(0, most).arrayBuffer()
  } catch {
    throw new Error(`${name} could not be read. Of a folder, attach the files in it.`)
  }
  let text = '\0'
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: file.size > most })
  } catch {
    // said below, as of all that is no text
  }
  if (text.includes('\0')) {
    throw new Error(`${name} is neither a picture (PNG, JPEG, WebP), a PDF, nor a text in UTF-8. Save it as plain text, or copy its words into the message.`)
  }
  text = text.replace(/\r\n?/g, '\n').trimEnd()
  if (!text) throw new Error(`${name} is empty.`)
  return { name, text }
}

function readAsDataUrl(file: Blob, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => {
      resolve(reader.result as string)
    }
    reader.onerror = () => {
      reject(new Error(`${name} could not be read.`))
    }
    reader.readAsDataURL(file)
  })
}

/** A picture that the chat shows, as it is sent with a message again. */
export async function fetchAsDataUrl(url: string): Promise<string> {
  return url.startsWith('data:') ? url : readAsDataUrl(await readStoredPicture(url), 'The picture')
}

/** Save words as a file that is named after their title. */
export function saveMarkdown(words: string, title: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([words], { type: 'text/markdown' }))
  link.download = `${fileName(title)}.md`
  link.click()
  // Not before the browser has begun to read it.
  setTimeout(() => { URL.revokeObjectURL(link.href) }, 60_000)
}

/** What every system takes of a title as a file's name: no path, no hidden file, with any ending at most 255 bytes. */
export function fileName(title: string): string {
  const plain = title.replace(/[\\/:*?"<>|\s\p{C}]+/gu, ' ').replace(/^[ .]+/, '')
  return plain.replace(/(?<=^.{60}).+/u, '').replace(/[ .]+$/, '') || 'chat'
}
