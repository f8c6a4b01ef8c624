/** Lets nodes that are shown become others, and touches only what differs: what is selected, scrolled or focused in the rest stays so. */

export function become(place: ParentNode & Node, wanted: ParentNode & Node): void {
  const shown = [...place.childNodes]
  const next = [...wanted.childNodes]
  for (const [index, node] of next.entries()) {
    const old = shown[index]
    if (!old) place.append(node)
    else if (old instanceof Text && node instanceof Text) say(old, node.data)
    else if (old instanceof Element && node instanceof Element && old.cloneNode().isEqualNode(node.cloneNode())) become(old, node)
    else old.replaceWith(node)
  }
  for (const old of shown.slice(next.length)) old.remove()
}

function say(text: Text, words: string): void {
  // Words that are added leave a selection of those before; others would end it.
  if (words.startsWith(text.data)) text.appendData(words.slice(text.data.length))
  else text.data = words
}
