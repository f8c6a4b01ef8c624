/** Reads the pictures a person attaches. */

export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp']

/** The file as a data URL, as it is sent with a message. */
export function readAsDataUrl(file: Blob, name: string): Promise<string> {
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

/** A picture that was attached to a message before, as it is sent again. */
export async function fetchAsDataUrl(url: string): Promise<string> {
  if (url.startsWith('data:')) return url
  const response = await fetch(url)
  if (!response.ok) throw new Error('The attached picture could not be read again.')
  return readAsDataUrl(await response.blob(), 'The attached picture')
}
