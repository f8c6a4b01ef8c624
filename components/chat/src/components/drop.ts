/** Takes files that are dropped anywhere on the chat: the browser would leave the page to show them. */

/** While files are held over the node it carries `data-dropping`. */
export const takesFiles =
  (onFiles: (files: FileList) => void) =>
  (node: HTMLElement): (() => void) => {
    const over = (event: DragEvent): void => {
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      node.dataset.dropping = ''
    }
    const leave = ({ relatedTarget }: DragEvent): void => {
      if (!(relatedTarget instanceof Node && node.contains(relatedTarget))) delete node.dataset.dropping
    }
    const drop = (event: DragEvent): void => {
      delete node.dataset.dropping
      if (!event.dataTransfer?.files.length) return
      event.preventDefault()
      onFiles(event.dataTransfer.files)
    }
    node.addEventListener('dragover', over)
    node.addEventListener('dragleave', leave)
    node.addEventListener('drop', drop)
    return () => {
      node.removeEventListener('dragover', over)
      node.removeEventListener('dragleave', leave)
      node.removeEventListener('drop', drop)
    }
  }
