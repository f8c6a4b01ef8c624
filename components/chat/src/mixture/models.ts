/** Which models could play a part, and what people read about them: where a model is, why it plays, how it stands. */

import { downloadsFor } from './real_models'
import { bytesWords } from './words'

/** A model that was found, by its address. */
interface Found {
  address: string
  model: string
  size_bytes: number | null
}

/** A line of the list to choose from. */
export interface Option {
  address: string
  model: string
  /** Where the model is, how large, and why it stands here. */
  note: string
  /** What the settings name: it is gone back to, not chosen. */
  isSetting: boolean
}

/** A server that MoM does not run, as a person describes it. */
export interface Server {
  url: string
  model: string
  /** Empty where the server keeps the one that it has, null where that is to be forgotten. */
  key: string | null
}

/** What the settings name (which may be nobody), what was found, and what could be downloaded for a part. */
export function optionsFor(part: string, setting: string | null, found: readonly Found[]): Option[] {
  const downloads = downloadsFor(part).map(({ address, bytes }) => ({ address, model: nameOf(address), size_bytes: bytes }))
  const isNew = ({ address }: Found): boolean => !found.some((one) => isSame(one.address, address))
  const all = [...found, ...downloads.filter(isNew)]
  const named = all.find(({ address }) => isSame(address, setting ?? ''))
  const first = { ...(named ?? { model: setting === null ? 'None' : nameOf(setting), size_bytes: null }), address: setting ?? '' }
  return [first, ...all.filter((one) => one !== named)].map((one) => ({
    address: one.address,
    model: one.model,
    note: [
      one.address.startsWith('hf:') && isNew(one) ? 'to download, once' : placeWords(one.address),
      one.size_bytes === null ? '' : bytesWords(one.size_bytes),
      one === first ? settingWords(one.address) : '',
    ]
      .filter((words) => words !== '')
      .join(' · '),
    isSetting: one === first,
  }))
}

/** Whether two addresses are of one model: Ollama means its latest where no tag is named. */
export function isSame(one: string, other: string): boolean {
  const bare = (address: string): string => (address.startsWith('ollama:') ? address.replace(/:latest$/, '') : address)
  return bare(one) === bare(other)
}

/** Where the model that plays a part was named. */
export function sourceWords(part: string, { demo, chosen, address }: { demo: boolean; chosen: boolean; address: string }): string {
  if (chosen) return `chosen on the page: ${address}`
  return demo ? 'comes with MoM' : `.env: MOM_${part.toUpperCase()}=${address}`
}

/** How a part stands. */
export function stateWords({ state, answers }: { state: 'starting' | 'downloading' | 'ready' | 'failed' | 'external' | 'none'; answers: boolean }): string {
  switch (state) {
    case 'starting':
      return 'is being loaded'
    case 'downloading':
      return 'is being downloaded'
    case 'ready':
      return 'ready, run by MoM'
    case 'external':
      return answers ? 'ready, run by another server' : 'does not answer, run by another server'
    case 'failed':
      return 'cannot be run'
    case 'none':
      return 'left out: pictures that you attach are not looked at'
  }
}

/** The address of a server's model. One that is pasted whole may end in its model's name. */
export function addressFrom({ url, model }: Server): string {
  const [place = '', pasted = ''] = url.trim().split('#')
  const name = model.trim() || pasted
  return name === '' ? place : `${place}#${name}`
}

/** The other way: empty where it is no server's, or one that is not shown whole. */
export function serverFrom(address: string): Server {
  const isWhole = address.startsWith('http') && !address.includes(':***@')
  const [url = '', model = ''] = isWhole ? address.split('#') : []
  return { url, model, key: '' }
}

function placeWords(address: string): string {
  const [kind = '', ...rest] = address.split(':')
  switch (kind) {
    case 'demo':
      return 'comes with MoM'
    case 'same':
      return 'one model for both parts'
    case 'ollama':
      return 'in Ollama'
    case 'hf':
      return 'downloaded'
    case 'file':
      return rest.join(':')
    default:
      return address.replace(/#.*/, '')
  }
}

/** Of an address that says it: a server's model stands behind `#`, a file is named at the end of its path. */
function nameOf(address: string): string {
  const [url = '', model] = address.split('#')
  if (url.startsWith('http')) return model ?? url
  return address.replace(/^.*[:/]/, '').replace(/\.(gguf|safetensors)$/, '')
}

function settingWords(address: string): string {
  if (address === '') return 'unless another is chosen'
  return address === 'demo' ? 'plays unless another is chosen' : 'what .env says'
}
