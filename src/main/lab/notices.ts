import type { Notice } from '@contract/types'
import { QuerentError } from '@engine/core/errors'
import type { Hub } from './hub'

const kept = 100

/** What happened while the user looked elsewhere. */
export interface Notices {
  add(severity: Notice['severity'], title: string, message: string): void
  list(): Notice[]
  dismiss(id: string): void
}

export function createNotices(hub: Hub, clock: { now(): Date }, newId: () => string, onNotice?: (notice: Notice) => void): Notices {
  let notices: Notice[] = []
  return {
    add: (severity, title, message) => {
      const notice = { id: newId(), at: clock.now().toISOString(), severity, title, message }
      notices = [...notices, notice].slice(-kept)
      hub.emit('notice.added', notice)
      onNotice?.(notice)
    },
    list: () => notices,
    dismiss: (id) => {
      if (!notices.some((notice) => notice.id === id)) throw new QuerentError('not-found', 'this notice is gone')
      notices = notices.filter((notice) => notice.id !== id)
    },
  }
}
