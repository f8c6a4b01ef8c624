/** Puts the chat into the page: MoM's own, or as `<mom-chat>` another one on the same host. */

import { mount } from 'svelte'
import App from './components/App.svelte'
import { connectTo } from './services/server'
import { ChatsStore } from './stores/chats.svelte'
import { PartsStore } from './stores/parts.svelte'
import { addressBar, memory, type Place } from './stores/place'
import fonts from './styles/fonts.css?url'
import './styles/fonts.css'
import './styles/page.css'
import './styles/print.css'
import './styles/prose.css'

function open(target: Element | ShadowRoot, place: Place, isEmbedded: boolean): void {
  const parts = new PartsStore()
  const chats = new ChatsStore(place, () => void parts.watch())
  parts.onBack = () => void chats.comeBack()
  mount(App, { target, props: { chats, parts, isEmbedded } })
  void chats.start()
  void parts.watch()
}

/**
 * The chat inside another page, which neither gives it styles nor gets any from it. `base` is the path that MoM is served under;
 * it need not be given where MoM has the host's root.
 */
class MomChat extends HTMLElement {
  connectedCallback(): void {
    if (this.shadowRoot) return // moved about in its page
    connectTo(this.getAttribute('base') ?? '')
    const root = this.attachShadow({ mode: 'open' })
    document.head.append(stylesheet(fonts)) // a font is the document's, or nobody's
    const styles = stylesheet(import.meta.url.replace('chat.js', 'chat.css')) // beside this file, and of the same build
    root.append(styles)
    styles.addEventListener('load', () => { open(root, memory(), true) }, { once: true })
  }
}

function stylesheet(address: string): HTMLLinkElement {
  const link = document.createElement('link')
  link.rel = 'stylesheet'
  link.href = address
  return link
}

const page = document.getElementById('chat')
if (page) {
  connectTo(page.dataset.base ?? '')
  open(page, addressBar(), false)
}
customElements.define('mom-chat', MomChat)
