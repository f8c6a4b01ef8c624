// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { GrowingMarkdown, renderBlocks, sanitise } from '../../src/components/markdown'

function shown(html: string): HTMLElement {
  const place = document.createElement('div')
  place.append(sanitise(html))
  return place
}

const render = (markdown: string): HTMLElement => shown(renderBlocks(markdown).join(''))

// The renderer escapes raw HTML already; this is what stands behind it, should the renderer let something through.
describe.each([
  '<script>hurt()</script>',
  '<img src=x onerror=hurt()>',
  '<svg onload=hurt()></svg>',
  '<a href="javascript:hurt()">x</a>',
  '<a href="data:text/html,<script>hurt()</script>">x</a>',
  '<a href="data:image/png;base64,AAAA">x</a>',
  '<iframe srcdoc="<script>hurt()</script>"></iframe>',
  '<form action="https://evil.example"><input name=a><button>Go</button></form>',
  '<style>* { display: none }</style><p style="position: fixed">x</p>',
  '<p id="chat" class="round" data-x="1" aria-label="Send">x</p>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=hurt()&gt;">',
])('the sanitiser given %s', (html) => {
  it('leaves nothing that runs, hides, submits or poses as something else', () => {
    const place = shown(html)
    expect(place.querySelector('script, svg, math, iframe, form, input, button, style')).toBeNull()
    for (const node of place.querySelectorAll('*')) {
      if (node.className === 'blocked-image') continue
      expect(node.getAttributeNames().filter((name) => !['href', 'src', 'alt', 'title', 'rel', 'target'].includes(name))).toEqual([])
    }
    for (const link of place.querySelectorAll('a')) expect(link.protocol).toMatch(/^(https?|mailto):$/)
  })
})

it('raw HTML in an answer is shown as the text it is', () => {
  expect(render('Use <b>bold</b> or <script>x</script>').textContent).toContain('Use <b>bold</b> or <script>x</script>')
})

it('a link opens apart and tells nobody where it came from', () => {
  const link = render('[sea](https://example.org/sea)').querySelector('a')
  expect(link?.rel).toBe('noopener noreferrer nofollow')
  expect(link?.target).toBe('_blank')
})

it('a link that may not be followed is left as its words', () => {
  const place = render('[*click* me](javascript:hurt())')
  expect(place.querySelector('a')).toBeNull()
  expect(place.textContent).toContain('click me')
})

describe('pictures in an answer', () => {
  it.each(['https://evil.example/p.png?q=1', '//evil.example/p.png', '/images/../api/chats', '/other.png'])('%s is not loaded', (address) => {
    const place = render(`![a secret](${address})`)
    expect(place.querySelector('img')).toBeNull()
    expect(place.textContent).toContain('Remote picture, not loaded: a secret')
  })

  it.each([
    ['https://evil.example/p.png', 'evil.example'],
    ['https://evil.example:port/p.png', 'https://evil.example:port/p.png'],
  ])('%s without words of its own is called %s', (address, name) => {
    expect(render(`![](${address})`).textContent).toContain(`Remote picture, not loaded: ${name}`)
  })

  it.each(['/images/0a1b.png', 'data:image/png;base64,AAAA'])('%s is MoM’s own', (address) => {
    expect(render(`![a fox](${address})`).querySelector('img')?.getAttribute('src')).toBe(address)
  })
})

it('each block is rendered by itself, and a reference finds its link in another', () => {
  const blocks = renderBlocks('One [sea][1].\n\n- two\n- three\n\n[1]: https://example.org/sea\n')
  expect(blocks.slice(0, 2).map((block) => block.trim())).toEqual([
    '<p>One <a href="https://example.org/sea">sea</a>.</p>',
    '<ul>\n<li>two</li>\n<li>three</li>\n</ul>',
  ])
})

it('blocks that stand do not change while the text grows', () => {
  const text = '# Title\n\nA paragraph.\n\n```py\ncode\n```\n\nThe end.'
  const whole = renderBlocks(text)
  for (let end = 1; end <= text.length; end++) {
    const sofar = renderBlocks(text.slice(0, end))
    const standing = sofar.slice(0, -1)
    expect(whole.slice(0, standing.length)).toEqual(standing)
  }
})

describe('a text that grows', () => {
  const texts: Record<string, string> = {
    prose: '\n\n# Title\r\n\r\nOne *two*\nthree.\n\n- a\n- b\n\n  still b\n\n1. x\n2. y\n\nEnd.',
    code: 'Look:\n\n```python\ndef f():\n\n    return 1\n```\n\nDone.\n\n    indented\n\n> quote\n> more\n\n---\n\nlast',
    table: '| a | b |\n|---|--:|\n| 1 | 2 |\n\n$$\nx^2\n$$\n\nAnd $y$, for $5 or $10.\n',
  }
  it.each(Object.keys(texts))('gives the blocks of %s as a whole text does, at each character', (name) => {
    const text = texts[name] ?? ''
    const growing = new GrowingMarkdown()
    for (let end = 1; end <= text.length; end++) {
      expect(growing.render(text.slice(0, end), false)).toEqual(renderBlocks(text.slice(0, end)))
    }
  })

  it('finds where a link leads once it is whole', () => {
    const text = 'See [it].\n\n[it]: https://example.org\n'
    const growing = new GrowingMarkdown()
    for (let end = 1; end < text.length; end++) growing.render(text.slice(0, end), false)
    expect(growing.render(text, true).join('')).toContain('href="https://example.org"')
  })
})

it.each(['> ', '1. ', '- '])('what nests deeper than can be read is shown as it was written: %j', (mark) => {
  const text = `One\n\n${mark.repeat(5_000)}end`
  expect(render(text).textContent).toBe(text)
})

it('a table keeps its alignment, and a list its first number', () => {
  const place = render('| a |\n|--:|\n| 1 |\n\n3. three\n')
  expect(place.querySelector('td')?.getAttribute('align')).toBe('right')
  expect(place.querySelector('ol')?.start).toBe(3)
})

describe('emphasis', () => {
  const html = (markdown: string): string => renderBlocks(markdown).join('').trim()

  it.each(['1~2 hours, 3~4 days', '约5~10个，或20~30个', '~$5–~$10', 'CO~2~'])('%s is not struck through', (markdown) => {
    expect(html(markdown)).toBe(`<p>${markdown}</p>`)
  })

  it.each([
    ['~~gone~~', '<del>gone</del>'],
    ['**注意：**这是', '<strong>注意：</strong>这是'],
    ['これは**「重要」**です。', 'これは<strong>「重要」</strong>です。'],
    ['이것은 **"중요"**합니다', '이것은 <strong>&quot;중요&quot;</strong>합니다'],
    ['**`a**b`:**c', '<strong><code>a**b</code>:</strong>c'],
    ['**a *b* c** and ***d***', '<strong>a <em>b</em> c</strong> and <em><strong>d</strong></em>'],
    ['2 ** 3 ** 4', '2 ** 3 ** 4'],
    ['\\*\\*not\\*\\* `**x**`', '**not** <code>**x**</code>'],
  ])('%s', (markdown, expected) => {
    expect(html(markdown)).toBe(`<p>${expected}</p>`)
  })
})

describe('mathematics', () => {
  const formulas = (markdown: string): string[] =>
    [...render(markdown).querySelectorAll('span')].map((node) => `${node.className}: ${node.textContent}`)

  it.each([
    ['So $a^2 < b_1$.', ['math-inline: a^2 < b_1']],
    ['So \\(a_1 * b_1\\) it is.', ['math-inline: a_1 * b_1']],
    ['$$\n\\frac{1}{2}\n$$', ['math-display: \\frac{1}{2}']],
    ['Then\n\\[ x \\]\nends', ['math-display: x']],
    ['It costs $5 or $10, not $ 7 $.', []],
    ['`$x$` and\n\n```\n$$y$$\n```', []],
  ])('%j', (markdown, expected) => {
    expect(formulas(markdown)).toEqual(expected)
  })

  it('is looked for no further than a formula is long, when a model repeats its opening mark', () => {
    expect(formulas('$$\n'.repeat(10_000))).toEqual([]) // read anew from each, it takes longer than a test may
    expect(formulas('$$\nis no formula, but\n\n$$\nx\n$$')).toEqual(['math-display: x'])
  })

  it('brings no class along but its own', () => {
    expect(shown('<span class="math-inline round">x</span><span class="unseen">y</span>').querySelector('[class]')).toBeNull()
  })
})
