/** Where MoM is: the part of its address that stands before every path, empty where it has a host of its own. */

import type { Picture, StoredMessage } from '../mixture/events'

let base = ''

/** Speak to the MoM under `prefix`, such as `/mom` behind a proxy. There is one MoM to a page. */
export function connectTo(prefix: string): void {
  base = prefix.replace(/\/+$/, '')
}

/** The address of one of MoM's paths; one that is whole already (another host, a data URL) is left as it is. */
export function addressOf(path: string): string {
  return path.startsWith('/') && !path.startsWith('//') && !(base && path.startsWith(`${base}/`)) ? base + path : path
}

export const addressed = (picture: Picture): Picture => ({ ...picture, url: addressOf(picture.url) })

/** A message as it came from MoM, its pictures with the addresses that this page finds them at. */
export const addressedMessage = (message: StoredMessage): StoredMessage => ({ ...message, images: message.images.map(addressed) })
