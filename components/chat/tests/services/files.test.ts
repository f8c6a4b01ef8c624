import { expect, it } from 'vitest'
import { fileName } from '../../src/services/files'

it.each([
  ['Foxes & hares', 'Foxes & hares'],
  ['Größe 2.5 — 狐', 'Größe 2.5 — 狐'],
  ['../../etc/passwd', 'etc passwd'],
  ['a\\b:c*?"<>|\n\u202egnp.exe', 'a b c gnp.exe'],
  ['...', 'chat'],
  ['', 'chat'],
  ['🦊'.repeat(200), '🦊'.repeat(60)],
])('a title becomes a name that every system takes: %j', (title, name) => {
  expect(fileName(title)).toBe(name)
})
