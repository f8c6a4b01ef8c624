/** A chat as a Markdown document: who said what, and how each picture came about. */

import { storedAnswer } from './answer'
import type { Picture, StoredMessage } from './events'
import { splitFiles, withFiles } from './text_files'
import { endWords, isForVision } from './words'

/** `messages` from the first to the last; the links of their pictures are made whole by `base`. */
export function asMarkdown(title: string, messages: readonly StoredMessage[], base: string): string {
  const said = messages.map((message) => {
    const pictures = message.images.map((picture) => pictureMarkdown(picture, message.role, base))
    const undrawn = pictures.length === 0 && message.image_prompt ? `Prompt: ${message.image_prompt}` : ''
    const end = message.role === 'assistant' ? endWords(storedAnswer(message)) : ''
    return [`## ${speakerOf(message)}`, ...pictures, undrawn, wordsOf(message), end && `> ${end}`].filter(Boolean).join('\n\n')
  })
  return `${[`# ${title || 'Untitled chat'}`, ...said].join('\n\n')}\n`
}

function speakerOf({ role, verdict, turn }: StoredMessage): string {
  if (role === 'user') return 'You'
  const part = verdict?.need === 'image' ? 'image_model' : verdict && isForVision(verdict) ? 'vision_llm' : 'large_llm'
  const model = turn?.models[part]
  return model ? `MoM (${model})` : 'MoM'
}

function pictureMarkdown({ url, prompt, seed, steps, width, height }: Picture, role: StoredMessage['role'], base: string): string {
  const link = `![${role === 'user' ? 'Attached picture' : 'Picture'}](${new URL(url, base).href})`
  if (role === 'user') return link
  const record = [seed === null ? '' : `seed ${seed}`, steps === null ? '' : `steps ${steps}`, `${width} × ${height} px`]
  return `${link}\n\nPrompt: ${prompt}\n(${record.filter(Boolean).join(', ')})`
}

function wordsOf({ role, content }: StoredMessage): string {
  if (role === 'assistant') return closed(content.trim())
  const { files, words } = splitFiles(content)
  return withFiles(files, closed(words.trim()))
}

/** An answer that was stopped within its code would take all that follows for code. */
function closed(words: string): string {
  const fences = words.match(/^ {0,3}(?:```|~~~)/gm) ?? []
  return fences.length % 2 === 1 ? `${words}\n${fences.at(-1)?.trim() ?? ''}` : words
}
