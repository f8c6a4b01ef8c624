/** Puts the chat into the page: makes the stores, hands them to the components. */

import { mount } from 'svelte'
import App from './components/App.svelte'
import { ChatsStore } from './stores/chats.svelte'
import { PartsStore } from './stores/parts.svelte'
import './styles/page.css'
import './styles/prose.css'

const target = document.getElementById('chat')
if (!target) throw new Error('The page has no element with the id "chat".')

const chats = new ChatsStore()
const parts = new PartsStore()
mount(App, { target, props: { chats, parts } })
void chats.start()
void parts.watch()
