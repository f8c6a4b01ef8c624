/** Builds the chat component into Flask's static folder under fixed names; `npm run dev` asks a running MoM for data. */
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

const mom = process.env.MOM_URL ?? 'http://127.0.0.1:8600'
// MoM refuses a foreign Host and Origin, so both are the server's own on the way there.
const proxied = { target: mom, changeOrigin: true, headers: { origin: new URL(mom).origin } }

export default defineConfig(({ command }) => ({
  plugins: [svelte()],
  base: command === 'build' ? '/static/chat/' : '/',
  server: {
    host: '127.0.0.1',
    proxy: { '/api': proxied, '/images': proxied },
  },
  build: {
    outDir: '../../src/mom/web/static/chat',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: 'src/main.ts',
      output: {
        entryFileNames: 'chat.js',
        chunkFileNames: 'chat-[name].js',
        assetFileNames: 'chat[extname]',
      },
    },
  },
  test: {
    include: ['tests/**/*.test.ts'],
    environment: 'node',
  },
}))
