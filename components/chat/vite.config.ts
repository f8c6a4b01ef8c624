/** Builds the chat component into Flask's static folder under fixed names; `npm run dev` asks a running MoM for data. */
import { readFile, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const mom = process.env.MOM_URL ?? 'http://127.0.0.1:8600'
// MoM refuses a foreign Host and Origin, so both are the server's own on the way there.
const proxied = { target: mom, changeOrigin: true, headers: { origin: new URL(mom).origin } }

/** KaTeX names each font in three formats; every browser that runs this page takes the first. */
const onlyWoff2: Plugin = {
  name: 'only-woff2',
  enforce: 'pre',
  transform(code, id) {
    return id.includes('/katex/') && id.includes('.css') ? code.replace(/,url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)/g, '') : null
  },
}

/** Packs each text file once, here: a server that did it for each request would take its time from the answers. */
const packed: Plugin = {
  name: 'packed',
  apply: 'build',
  async writeBundle({ dir }, bundle) {
    for (const name of Object.keys(bundle).filter((each) => /\.(?:js|css|svg)$/.test(each))) {
      const file = `${dir ?? '.'}/${name}`
      await writeFile(`${file}.gz`, gzipSync(await readFile(file), { level: 9 }))
    }
  },
}

/** `chat.css` is the page's; fonts lie in a folder, and what is loaded later keeps its own name. */
function assetName({ names }: { names: string[] }): string {
  const name = names[0] ?? ''
  if (name.endsWith('.woff2')) return 'fonts/[name][extname]'
  return name.endsWith('.css') && !/fonts|katex/.test(name) ? 'chat.css' : '[name][extname]'
}

export default defineConfig({
  plugins: [onlyWoff2, svelte(), packed],
  // Every file finds the others beside it, wherever the page is served.
  base: './',
  server: {
    host: '127.0.0.1',
    proxy: { '/api': proxied, '/images': proxied },
  },
  // Components are tested as a browser runs them.
  ...(process.env.VITEST ? { resolve: { conditions: ['browser'] } } : {}),
  build: {
    outDir: '../../src/mom/web/static/chat',
    emptyOutDir: true,
    target: 'es2022',
    // Browsers with light-dark(): what stands in for it knows no colour scheme that is inherited from another page.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: 'src/main.ts',
      output: {
        entryFileNames: 'chat.js',
        chunkFileNames: 'chat-[name].js',
        assetFileNames: assetName,
      },
    },
  },
  test: {
    include: ['tests/**/*.test.ts'],
    environment: 'node',
  },
})
