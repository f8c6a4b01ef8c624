/** Strict typescript-eslint and Svelte's rules, and the layers: services ← stores ← components; mixture knows none of them. */
import js from '@eslint/js'
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import tseslint from 'typescript-eslint'
import svelteConfig from './svelte.config.js'

/** Forbids a layer to import the layers named, wherever its file stands. */
const mayNotImport = (...layers) => ({
  'no-restricted-imports': [
    'error',
    {
      patterns: [
        {
          regex: `(^|/)(${layers.join('|')})/`,
          message: 'Imports point one way: components → stores → services; mixture is pure.',
        },
      ],
    },
  ],
})

const wire = ['fetch', 'EventSource', 'XMLHttpRequest', 'WebSocket']
const mayNotSpeakToTheServer = {
  'no-restricted-globals': ['error', ...wire.map((name) => ({ name, message: 'Only services speak to the server.' }))],
  'no-restricted-properties': [
    'error',
    ...['window', 'globalThis', 'self'].flatMap((object) =>
      wire.map((property) => ({ object, property, message: 'Only services speak to the server.' })),
    ),
  ],
}

export default tseslint.config(
  { ignores: ['node_modules/'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: { projectService: { allowDefaultProject: ['*.js'] }, extraFileExtensions: ['.svelte'] },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'svelte/no-at-html-tags': 'error',
      'svelte/require-each-key': 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: tseslint.parser, svelteConfig } },
  },
  { files: ['**/*.js', '**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
  { files: ['src/mixture/**'], rules: { ...mayNotImport('services', 'stores', 'components'), ...mayNotSpeakToTheServer } },
  { files: ['src/services/**'], rules: mayNotImport('stores', 'components') },
  { files: ['src/stores/**'], rules: { ...mayNotImport('components'), ...mayNotSpeakToTheServer } },
  { files: ['src/components/**'], rules: { ...mayNotImport('services'), ...mayNotSpeakToTheServer } },
)
