/** MoM's HTTP interface for the page: one function for each request. Keeps no state. */

import type { Failure, Need, StoredMessage, TurnStatus } from '../mixture/events'
import { addressedMessage, addressOf } from './server'

export interface ChatSummary {
  id: string
  title: string
}

/** The newest message of a chat with the words that were searched for, and what stands around the first of them. */
export interface FoundMessage {
  chat_id: string
  message_id: string
  before: string
  match: string
  after: string
}

interface StoredChat extends ChatSummary {
  messages: StoredMessage[]
}

export interface Question {
  content: string
  /** Sent again with the same id, a question is asked once. */
  client_id: string
  /** The answer that the question follows; null: it is a first one. */
  parent_id?: string | null
  /** Or the question that it is another version of: what is still being answered there is stopped. */
  instead_of?: string
  /** Drawn with this seed, the same prompt gives the same picture. */
  seed: number | null
  /** Pictures as data URLs. */
  attachments: string[]
}

export interface Asked {
  message_id: string
  turn_id: string
}

export interface Part {
  /** `none`: nobody plays it, which the vision LLM's may be left as. */
  state: 'starting' | 'downloading' | 'ready' | 'failed' | 'external' | 'none'
  model: string
  demo: boolean
  /** False where a server that MoM does not run was found not to answer; MoM asks it again and again. */
  answers: boolean
  detail: string
  /** While a model is downloaded for the part: its own, or the one that is to take over. */
  progress: Progress | null
  /** The model's, as it may be shown. */
  address: string
  /** By a person while MoM ran, in place of the model that the settings name. */
  chosen: boolean
  /** Another model is to take over, which can be cancelled. */
  changing: boolean
  /** The model that was chosen before MoM started could not be run: the choice can be given up like a change. */
  gone: boolean
}

/** What could play a part; `setting` is the address to go back to from a chosen model, null where there is none. */
export interface Choices {
  setting: string | null
  /** A key was given with the model that is chosen. */
  has_key: boolean
  choices: Choice[]
}

export interface Choice {
  address: string
  model: string
  /** Null where nobody knows, or it has none of its own. */
  size_bytes: number | null
}

/** `bytes_total` is 0 as long as nobody knows. */
export interface Progress {
  model: string
  bytes_done: number
  bytes_total: number
}

interface Readiness {
  ready: boolean
  parts: Record<string, Part>
}

/** Models found on this machine; `suggestion` says which of Ollama's could play which part, as model addresses. */
interface Offers {
  ollama: { models: string[]; suggestion: Suggestion | null }
}

export interface Suggestion {
  small_llm: string
  large_llm: string
}

/** Within this many ms MoM tells how something stands, if it is there. */
const SOON_MS = 10_000
/** And takes a question, once that has arrived. */
const TAKEN_MS = 20_000
/** Bytes per ms of the slowest line that pictures are sent by. */
const SLOWEST = 16

/** A request that was refused or never answered; `message` is for people. `status` is 0 where nobody answered. */
export class RequestError extends Error {
  override name = 'RequestError'

  constructor(
    readonly status: number,
    readonly failure: Failure,
  ) {
    super(failure.message)
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof RequestError && error.status === 404

export const listChats = (): Promise<ChatSummary[]> => request('GET', '/api/chats')

/** One message of each chat that has one, the chats last used first. */
export const findMessages = (words: string): Promise<FoundMessage[]> => request('GET', `/api/messages?${new URLSearchParams({ words }).toString()}`)

export const createChat = (): Promise<{ id: string }> => request('POST', '/api/chats', {}, TAKEN_MS)

export async function readChat(id: string): Promise<StoredChat> {
  const chat = await request<StoredChat>('GET', `/api/chats/${id}`)
  return { ...chat, messages: chat.messages.map(addressedMessage) }
}

export const renameChat = (id: string, title: string): Promise<unknown> => request('PATCH', `/api/chats/${id}`, { title })

export const deleteChat = (id: string): Promise<unknown> => request('DELETE', `/api/chats/${id}`)

export const ask = (chatId: string, question: Question): Promise<Asked & { question_id: string }> =>
  request('POST', `/api/chats/${chatId}/messages`, question, TAKEN_MS + Math.ceil(question.attachments.join('').length / SLOWEST))

/** A picture that MoM keeps. */
export async function readStoredPicture(url: string): Promise<Blob> {
  const response = await reach(fetch(url))
  if (!response.ok) throw new RequestError(response.status, failureOf('The picture could not be read again.', null))
  return response.blob()
}

/** The text of a PDF; the reading ends with `signal`. `name` is what a refusal calls it. */
export const readFileText = (file: Blob, name: string, signal: AbortSignal): Promise<{ text: string }> =>
  request('POST', `/api/files/text?${new URLSearchParams({ name }).toString()}`, file, signal)

export const readTurn = (id: string): Promise<{ status: TurnStatus }> => request('GET', `/api/turns/${id}`, undefined, SOON_MS)

export const stopTurn = (id: string): Promise<unknown> => request('POST', `/api/turns/${id}/stop`, {})

export const retryTurn = (id: string): Promise<Asked> => request('POST', `/api/turns/${id}/retry`, {})

export const overruleTurn = (id: string, need: Need): Promise<Asked> => request('POST', `/api/turns/${id}/overrule`, { need })

/** What `/readyz` says, but with status 200 in every state. */
export const readParts = (): Promise<Readiness> => request('GET', '/api/parts', undefined, SOON_MS)

export const readChoices = (name: string): Promise<Choices> => request('GET', `/api/parts/${name}/choices`)

export const readOffers = (): Promise<Offers> => request('GET', '/api/offers')

/** The key for a model's server: empty where that keeps the one it has, null where it is to be forgotten. */
export type Key = string | null

const keyField = (key: Key): { api_key?: string } => (key === '' ? {} : { api_key: key ?? '' })

/** Have the model at `address` play a part; the one before answers until it is ready. */
export const swapPart = (name: string, address: string, key: Key = ''): Promise<unknown> =>
  request('POST', `/api/parts/${name}/swap`, { address, ...keyField(key) })

/** The names of the models that the server at `address` lists. */
export const listModels = (name: string, address: string, key: Key): Promise<{ models: string[] }> =>
  request('POST', `/api/parts/${name}/models`, { address, ...keyField(key) })

/** Have the model that the settings name play a part, in the same way; where they name none, nobody. */
export const resetPart = (name: string): Promise<unknown> => request('POST', `/api/parts/${name}/reset`, {})

/** Give up the download, or the change of models, that is under way. What has arrived is kept for another try. */
export const cancelChange = (name: string): Promise<unknown> => request('POST', `/api/parts/${name}/cancel`, {})

/** `limit`: whoever has not answered within so many ms, or until it is aborted, cannot be reached. A body is sent as JSON, but a file as it is. */
async function request<Reply>(method: string, path: string, body?: unknown, limit?: number | AbortSignal): Promise<Reply> {
  const isFile = body instanceof Blob
  const response = await reach(
    fetch(addressOf(path), {
      method,
      ...(limit === undefined ? {} : { signal: typeof limit === 'number' ? AbortSignal.timeout(limit) : limit }),
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': isFile ? 'application/pdf' : 'application/json' }) },
      ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
    }),
  )
  const text = await reach(response.text())
  let reply: unknown
  try {
    reply = text ? JSON.parse(text) : null
  } catch {
    throw new RequestError(response.status, failureOf(`MoM gave an answer that cannot be read (HTTP ${response.status}).`, null))
  }
  if (response.ok) return reply as Reply
  const failure = (reply as { error?: Failure } | null)?.error
  throw new RequestError(response.status, failure ?? failureOf(`MoM refused this (HTTP ${response.status}).`, null))
}

async function reach<Reply>(coming: Promise<Reply>): Promise<Reply> {
  try {
    return await coming
  } catch (error) {
    throw new RequestError(0, failureOf('MoM cannot be reached. See whether it still runs, then try again.', String(error)))
  }
}

function failureOf(message: string, code: string | null): Failure {
  return { message, type: null, code, param: null }
}
