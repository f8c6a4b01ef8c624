/** Takes files, and pictures of the chat, that are dropped anywhere on it: the browser would leave the page to show them. */

/** While one is held over the node it carries `data-dropping`. */
export const takesFiles =
  (onFiles: (files: FileList) => void, onPicture: (url: string) => void) =>
  (node: HTMLElement): (() => void) => {
    /** The picture of the chat that is being dragged: not every browser makes a file of it. */
    let dragged = ''
    const start = ({ target }: DragEvent): void => {
      dragged = target instanceof HTMLImageElement ? target.src : ''
    }
    const end = (): void => {
      dragged = ''
    }
    const over = (event: DragEvent): void => {
      if (!dragged && !event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      node.dataset.dropping = ''
    }
    const leave = ({ relatedTarget }: DragEvent): void => {
      if (!(relatedTarget instanceof Node && node.contains(relatedTarget))) delete node.dataset.dropping
    }
    const drop = (event: DragEvent): void => {
      delete node.dataset.dropping
      const files = event.dataTransfer?.files
      if (!dragged && !files?.length) return
      event.preventDefault()
      if (dragged) onPicture(dragged)
      else if (files) onFiles(files)
    }
    node.addEventListener('dragstart', start)
    node.addEventListener('dragend', end)
    node.addEventListener('dragover', over)
    node.addEventListener('dragleave', leave)
    node.addEventListener('drop', drop)
    return () => {
      node.removeEventListener('dragstart', start)
      node.removeEventListener('dragend', end)
      node.removeEventListener('dragover', over)
      node.removeEventListener('dragleave', leave)
      node.removeEventListener('drop', drop)
    }
  }
