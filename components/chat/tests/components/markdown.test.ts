// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { renderBlocks, sanitise } from '../../src/components/markdown'

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
