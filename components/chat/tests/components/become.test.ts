// @vitest-environment jsdom
import { expect, it } from 'vitest'
import { become } from '../../src/components/become'
import { dressCodeBlocks } from '../../src/components/code_block'
import { GrowingMarkdown, renderBlocks, sanitise } from '../../src/components/markdown'
import { dressForReading } from '../../src/components/reading'

function nodesOf(html: string): DocumentFragment {
  const nodes = sanitise(html)
  dressForReading(nodes)
  dressCodeBlocks(nodes)
  return nodes
}

function htmlOf(nodes: DocumentFragment): string {
  const place = document.createElement('div')
  place.append(nodes.cloneNode(true))
  return place.innerHTML
}

it.each([
  '- *a*\n- **b\n  1. `c`\n\n  d\n- e',
  '[a](https://x.de)',
  '```python\nx = 1\n\ny = 2\n```',
  '| a | b |\n|---|--:|\n| `1` | 2 |\n| 3 | $x^2$ |',
  'one\n---',
  '> quote\n> - list\n>\n> end',
])('a block that grows is at each character what it would be made anew: %j', (text) => {
  const place = document.createElement('div')
  const growing = new GrowingMarkdown()
  for (let end = 1; end <= text.length; end++) {
    const wanted = nodesOf(growing.render(text.slice(0, end), false).join(''))
    const html = htmlOf(wanted)
    become(place, wanted)
    expect(place.innerHTML).toBe(html)
  }
})

it('what stands already is left alone, and words are added to those that stand', () => {
  const place = document.createElement('div')
  become(place, nodesOf(renderBlocks('- one\n- two').join('')))
  const [one, two] = place.querySelectorAll('li')
  const words = two?.firstChild
  become(place, nodesOf(renderBlocks('- one\n- two and\n- three').join('')))
  expect([...place.querySelectorAll('li')].slice(0, 2)).toEqual([one, two])
  expect(two?.firstChild).toBe(words)
  expect(place.textContent.replace(/\s+/g, ' ').trim()).toBe('one two and three')
})
