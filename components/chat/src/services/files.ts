/** Reads the pictures a person attaches. */

export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp']

/** The file as a data URL, as it is sent with a message. */
export function readAsDataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => {
      resolve(reader.result as string)
    }
    reader.onerror = () => {
      reject(new Error(`${file.name} could not be read.`))
    }
    reader.readAsDataURL(file)
  })
}
