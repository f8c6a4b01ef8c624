// @vitest-environment jsdom
import { expect, it } from 'vitest'
import { renderBlocks, sanitise } from '../../src/components/markdown'
import { dressForReading } from '../../src/components/reading'

function dressed(markdown: string): HTMLElement {
  const place = document.createElement('div')
  place.append(sanitise(renderBlocks(markdown).join('')))
  dressForReading(place)
  return place
}

it('each block has the direction of its words, and code has its own', () => {
  const place = dressed('# عنوان\n\nمرحبا!\n\n- نقطة\n\n> اقتباس\n\n```\nx\n```\n')
  expect([...place.children].map((block) => [block.localName, block.getAttribute('dir')])).toEqual([
    ['h1', 'auto'],
    ['p', 'auto'],
    ['ul', 'auto'],
    ['blockquote', 'auto'],
    ['pre', null],
  ])
  expect(place.querySelectorAll('li[dir], blockquote > [dir]')).toHaveLength(0)
})

it('the keyboard reaches what scrolls sideways', () => {
  const place = dressed('| a | b |\n|---|---|\n| c | d |\n\n$$\nx\n$$\n\n```\ny\n```\n')
  expect([...place.querySelectorAll('[tabindex="0"]')].map((node) => node.className || node.localName)).toEqual(['table', 'math-display', 'pre'])
})
