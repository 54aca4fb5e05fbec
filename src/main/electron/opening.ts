import type { WebContents } from 'electron'
import { shellChannels } from '@contract/shell'

/** Files and folders on their way to the page. */
export interface Opening {
  open(paths: readonly string[]): void
  /** This page listens from now on; it gets what came before. */
  pageHears(contents: WebContents): void
}

export function createOpening(first: readonly string[]): Opening {
  let waiting: readonly string[] = first
  let page: WebContents | undefined
  const send = (): void => {
    if (!page || page.isDestroyed() || waiting.length === 0) return
    page.send(shellChannels.open, [...waiting])
    waiting = []
  }
  return {
    open: (paths) => {
      waiting = [...waiting, ...paths]
      send()
    },
    pageHears: (contents) => {
      page = contents
      send()
    },
  }
}
