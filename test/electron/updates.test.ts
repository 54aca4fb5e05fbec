import { EventEmitter } from 'node:events'
import { beforeEach, describe, expect, it } from 'vitest'
import { createUpdates, type Updater } from '@main/electron/updates'
import { app, BrowserWindow, fake } from '../fakes/electron'

/** An updater with a server in memory. */
class MemoryUpdater extends EventEmitter implements Updater {
  autoDownload = true
  autoInstallOnAppQuit = false
  downloads = 0
  checks = 0
  constructor(private readonly newest: string | null | Error) {
    super()
  }
  async checkForUpdates() {
    this.checks += 1
    await Promise.resolve()
    if (this.newest instanceof Error) throw this.newest
    return this.newest === null ? null : { isUpdateAvailable: this.newest !== app.getVersion(), updateInfo: { version: this.newest } }
  }
  async downloadUpdate() {
    this.downloads += 1
    for (const percent of [10, 100]) this.emit('download-progress', { percent })
    await Promise.resolve()
  }
}

const memoryFile = (value: unknown = null) => ({ read: () => value, write: (next: unknown) => void (value = next) })
const updatesOf = (updater: Updater, file = memoryFile()) => createUpdates(file, () => Promise.resolve(updater))

beforeEach(async () => {
  await app.whenReady()
  fake.windows.length = 0
  fake.questions.length = 0
  fake.answer = 0
})

describe('updates', () => {
  it('are not looked for at start until the user says so, and a damaged file means no', () => {
    const file = memoryFile()
    const updates = updatesOf(new MemoryUpdater(null), file)
    expect(updates.atStart).toBe(false)
    updates.setAtStart(true)
    expect(updates.atStart).toBe(true)
    expect(updatesOf(new MemoryUpdater(null), file).atStart).toBe(true)
    expect(updatesOf(new MemoryUpdater(null), memoryFile({ atStart: 'yes' })).atStart).toBe(false)
  })

  it('are fetched only after a yes, with their progress on the window, and installed at the end of the app', async () => {
    const window = new BrowserWindow({})
    const updater = new MemoryUpdater('9.9.9')
    fake.answer = 1 // not now
    await updatesOf(updater).check(false)
    expect(fake.questions.map(({ message }) => message)).toEqual(['Querent 9.9.9 is available; this is 0.0.0-fake.'])
    expect(updater).toMatchObject({ downloads: 0, autoDownload: false, autoInstallOnAppQuit: true })

    let quits = 0
    app.once('before-quit', (event: { preventDefault(): void }) => {
      quits += 1
      event.preventDefault()
    })
    fake.answer = 0
    await updatesOf(updater).check(false)
    expect(updater.downloads).toBe(1)
    expect(window.progress).toEqual([0.1, 1, -1])
    expect(quits).toBe(1)
  })

  it('says that nothing is newer, or why it could not look, only to who asked', async () => {
    for (const [newest, said] of [
      ['0.0.0-fake', 'Querent 0.0.0-fake is the newest version.'],
      [null, 'This copy of Querent is updated by what installed it.'],
      [new Error('no server'), 'Querent could not look for updates.'],
    ] as const) {
      const updates = updatesOf(new MemoryUpdater(newest))
      fake.questions.length = 0
      await updates.check(true)
      expect(fake.questions).toEqual([])
      await updates.check(false)
      expect(fake.questions.map(({ message }) => message)).toEqual([said])
    }
  })

  it('asks once for two requests at a time', async () => {
    const updater = new MemoryUpdater(null)
    const updates = updatesOf(updater)
    await Promise.all([updates.check(true), updates.check(true)])
    expect(updater.checks).toBe(1)
  })
})
