import { beforeEach, describe, expect, it } from 'vitest'
import type { DownloadableSet, DownloadState } from '@contract/downloads'
import type { DatasetInfo } from '@contract/types'
import { QuerentError } from '@engine/core/errors'
import { createDownloads, type Downloads } from '@main/lab/downloads'
import { createHub } from '@main/lab/hub'
import { createNotices, type Notices } from '@main/lab/notices'
import { refusal } from '../../support/errors'

const set: Omit<DownloadableSet, 'state'> = {
  id: 'letters',
  title: 'Letters',
  kind: 'tabular',
  rows: 4,
  testRows: 0,
  classes: 2,
  source: 'somewhere',
  licence: 'CC0',
  bytes: 1000,
  isExact: true,
  hosts: ['example.org'],
  isChecked: true,
}
const info: DatasetInfo = { ...set, shape: [1], sha256: '', available: true, imported: true }

/** A server that gives `reach` bytes and then waits for a stop, fails, or ends; what has come stays. */
function world() {
  const there = { library: [] as DatasetInfo[], disk: 0, reach: 1000, fails: false, importFails: false, room: true }
  const heard: DownloadState[] = []
  const hub = createHub()
  hub.attach((event, payload) => event === 'downloads.changed' && heard.push(payload as DownloadState))
  let id = 0
  const notices = createNotices(hub, { now: () => new Date(0) }, () => `notice-${++id}`)
  const make = (): Downloads =>
    createDownloads(
      {
        downloads: {
          list: () => [set],
          received: async () => there.disk,
          fetch: async (_set, mirror, signal, onProgress) => {
            there.disk = Math.max(there.disk, there.reach)
            onProgress({ phase: 'receiving', received: there.disk, total: 1000, bytesPerSecond: 10, etaMs: 5 })
            if (there.fails) throw new QuerentError('network', `no answer from ${mirror ?? 'example.org'}`)
            if (there.disk < 1000)
              await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new QuerentError('cancelled', 'stopped'))))
            return { paths: ['/letters'], mapping: { id: set.id } }
          },
          discard: async () => void (there.disk = 0),
        },
        datasets: {
          list: async () => there.library,
          open: async () => ({
            preview: () => Promise.reject(new Error('not asked for')),
            import: async () => {
              if (there.importFails) throw new QuerentError('bad-input', 'these are no letters')
              there.library = [info]
              return { dataset: info, known: false, notes: [] }
            },
            dispose: async () => undefined,
          }),
        } as never,
      },
      hub,
      notices,
      async () => {
        if (!there.room) throw new QuerentError('disk-full', 'no room')
      },
    )
  return { there, heard, notices, make }
}
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

describe('downloads of the lab', () => {
  let there: ReturnType<typeof world>['there']
  let heard: DownloadState[]
  let notices: Notices
  let make: () => Downloads
  let lab: Downloads
  beforeEach(() => {
    ;({ there, heard, notices, make } = world())
    lab = make()
  })
  const state = async (of = lab): Promise<DownloadState> => (await of.handlers['downloads.list']({}))[0].state
  const start = (mirror?: string) => lab.handlers['downloads.start']({ set: 'letters', mirror })

  it('receive, import, tell, and leave no files behind', async () => {
    expect(await state()).toMatchObject({ phase: 'none', received: 0, total: 1000 })
    await start()
    await turn()
    expect(heard.map(({ phase }) => phase)).toEqual(['receiving', 'receiving', 'importing', 'here'])
    expect(heard[1]).toMatchObject({ received: 1000, bytesPerSecond: 10, etaMs: 5 })
    expect(await state()).toMatchObject({ phase: 'here' })
    expect(there.disk).toBe(0)
    expect(notices.list()).toMatchObject([{ severity: 'note', title: 'Downloaded letters' }])
  })

  it('pause and go on, also in a lab that was started later', async () => {
    there.reach = 300
    await start()
    await turn()
    expect(await state()).toMatchObject({ phase: 'receiving', received: 300 })
    await lab.handlers['downloads.pause']({ set: 'letters' })
    expect(await state()).toMatchObject({ phase: 'paused', received: 300 })
    lab = make()
    expect(await state()).toMatchObject({ phase: 'paused', received: 300 })
    there.reach = 1000
    await start()
    await turn()
    expect(await state()).toMatchObject({ phase: 'here' })
    expect(notices.list()).toHaveLength(1)
  })

  it('start once, whoever asks twice', async () => {
    there.reach = 300
    await Promise.all([start(), start()])
    await turn()
    expect(heard.filter(({ received }) => received === 0)).toHaveLength(1)
    await lab.stop()
    expect(await state()).toMatchObject({ phase: 'paused' })
  })

  it('are forgotten by a cancel', async () => {
    there.reach = 300
    await start()
    await turn()
    await lab.handlers['downloads.cancel']({ set: 'letters' })
    expect(await state()).toMatchObject({ phase: 'none', received: 0 })
    expect(there.disk).toBe(0)
  })

  it('say why they failed, and can be started anew from another place', async () => {
    there.fails = true
    await start('https://mirror.example')
    await turn()
    expect(await state()).toMatchObject({ phase: 'failed', error: { code: 'network', message: 'no answer from https://mirror.example' } })
    expect(notices.list()).toMatchObject([{ severity: 'error' }])
    there.fails = false
    await start()
    await turn()
    expect(await state()).toMatchObject({ phase: 'here', error: null })
  })

  it('keep the files when the import fails', async () => {
    there.importFails = true
    await start()
    await turn()
    expect(await state()).toMatchObject({ phase: 'failed', error: { message: 'these are no letters' } })
    expect(there.disk).toBe(1000)
  })

  it('are refused before they begin: no room, no such set', async () => {
    there.room = false
    expect((await refusal(() => start())).code).toBe('disk-full')
    expect(heard).toEqual([])
    expect((await refusal(() => lab.handlers['downloads.start']({ set: 'leters' }))).code).toBe('not-found')
  })

  it('can be brought again once the set was removed', async () => {
    await start()
    await turn()
    there.library = []
    expect(await state()).toMatchObject({ phase: 'none' })
  })
})
