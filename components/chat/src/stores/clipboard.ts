/** Copying, as components may ask for it. */

export { copyText } from '../services/clipboard'
