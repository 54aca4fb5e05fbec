import { join } from 'node:path'
import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createClosing, type Closing } from '@main/electron/closing'
import { notifyUnseen } from '@main/electron/notify'
import { createOpening } from '@main/electron/opening'
import { keepPlace, placeOf } from '@main/electron/windowPlace'
import { jsonFile } from '@main/node/storage/jsonFile'
import { BrowserWindow, app, fake } from '../../fakes/electron'
import { temporaryFolder } from '../../support/cli'

const folder = temporaryFolder()
afterAll(() => folder.dispose())
const [keep, stop, cancel] = [0, 1, 2]
type RealWindow = Parameters<Closing['watch']>[0]
const real = (window: BrowserWindow): RealWindow => window as unknown as RealWindow
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

let window: BrowserWindow
beforeEach(() => {
  fake.ready = true
  fake.windows = []
  fake.questions = []
  fake.notifications = []
  fake.focused = null
  window = new BrowserWindow({})
  window.show()
})
afterEach(() => {
  app.removeAllListeners()
  vi.useRealTimers()
})

describe('closing', () => {
  const watched = (platform: NodeJS.Platform = 'linux'): Closing => {
    const closing = createClosing(platform)
    closing.watch(real(window))
    return closing
  }

  it('just closes when nothing runs', async () => {
    const closing = watched()
    window.close()
    expect(window.isDestroyed()).toBe(true)
    expect(await closing.mayQuit()).toBe(true)
    expect(fake.questions).toEqual([])
  })

  it('asks while an experiment runs, and stays when the user cancels', async () => {
    const closing = watched()
    closing.setBusy(true)
    fake.answer = cancel
    window.close()
    await settle()
    expect(fake.questions).toHaveLength(1)
    expect(fake.questions[0]).toMatchObject({ buttons: ['Keep in the background', 'Stop at the next round', 'Cancel'], cancelId: cancel })
    expect([window.isDestroyed(), window.isVisible()]).toEqual([false, true])
    expect(await closing.mayQuit()).toBe(false)
  })

  it('goes on without a window, and brings it back at the end', async () => {
    const closing = watched()
    closing.setBusy(true)
    fake.answer = keep
    window.close()
    await settle()
    expect([window.isDestroyed(), window.isVisible()]).toEqual([false, false])
    closing.setBusy(false)
    expect(window.isVisible()).toBe(true)
  })

  it('stops at the next round and asks once only', async () => {
    const closing = watched()
    const all = vi.fn()
    app.on('window-all-closed', all)
    closing.setBusy(true)
    fake.answer = stop
    window.close()
    await settle()
    expect(window.isDestroyed()).toBe(true)
    expect(all).toHaveBeenCalledOnce()
    expect(await closing.mayQuit()).toBe(true)
    expect(fake.questions).toHaveLength(1)
  })

  it('two ways to quit at once ask one question', async () => {
    const closing = watched()
    closing.setBusy(true)
    fake.answer = keep
    window.close()
    expect(await closing.mayQuit()).toBe(false)
    expect(fake.questions).toHaveLength(1)
  })

  it('closes a window without a question where the app lives on', async () => {
    const closing = watched('darwin')
    closing.setBusy(true)
    window.close()
    expect(window.isDestroyed()).toBe(true)
    fake.answer = stop
    expect(await closing.mayQuit()).toBe(true)
    expect(fake.questions).toHaveLength(1)
  })
})

describe('notices of the system', () => {
  it('tells who looks elsewhere, and leads back on a click', () => {
    notifyUnseen({ title: 'sample', message: '40 runs finished.' })
    expect(fake.notifications.map(({ options }) => options)).toEqual([{ title: 'sample', body: '40 runs finished.' }])
    window.hide()
    fake.notifications[0].emit('click')
    expect([window.isVisible(), fake.focused === window]).toEqual([true, true])
  })

  it('leaves it to the page when the app is looked at', () => {
    window.focus()
    notifyUnseen({ title: 'sample', message: '40 runs finished.' })
    expect(fake.notifications).toEqual([])
  })
})

describe('files opened with the app', () => {
  const heardBy = (target: BrowserWindow): unknown[] => {
    const heard: unknown[] = []
    target.webContents.page.on('shell.open', (_event, paths: unknown) => heard.push(paths))
    return heard
  }
  const contents = (target: BrowserWindow) => target.webContents as unknown as Parameters<ReturnType<typeof createOpening>['pageHears']>[0]

  it('wait for a page that listens', () => {
    const opening = createOpening(['/a.yaml'])
    opening.open(['/results'])
    const heard = heardBy(window)
    opening.pageHears(contents(window))
    expect(heard).toEqual([['/a.yaml', '/results']])
    opening.open(['/b.yaml'])
    expect(heard).toEqual([['/a.yaml', '/results'], ['/b.yaml']])
  })

  it('wait for the next page when the one before is gone', () => {
    const opening = createOpening([])
    opening.pageHears(contents(window))
    window.close()
    opening.open(['/a.yaml'])
    const next = new BrowserWindow({})
    const heard = heardBy(next)
    opening.pageHears(contents(next))
    expect(heard).toEqual([['/a.yaml']])
  })
})

describe('place of the window', () => {
  const kept = (place: unknown) => placeOf({ read: () => place, write: () => undefined })
  const standard = { width: 1280, height: 800, maximized: false }

  it.each([
    ['nothing', null],
    ['a wreck', { x: 'left' }],
    ['a window too small to use', { x: 0, y: 0, width: 200, height: 100, maximized: false }],
    ['fractions', { x: 0.5, y: 0, width: 1280, height: 800, maximized: false }],
  ])('begins anew from %s', (_what, place) => {
    expect(kept(place)).toEqual(standard)
  })

  it('comes back where it was, unless no screen is there any more', () => {
    const place = { x: 300, y: 40, width: 1400, height: 900, maximized: true }
    expect(kept(place)).toEqual(place)
    for (const gone of [{ x: 4000 }, { y: 2000 }, { y: -500 }, { x: -1390 }])
      expect(kept({ ...place, ...gone })).toEqual({ width: 1400, height: 900, maximized: true })
  })

  it('is written after moving and on closing, into a file that survives damage', async () => {
    vi.useFakeTimers()
    const path = join(folder.path, 'state', 'window.json')
    const file = jsonFile(path)
    expect(file.read()).toBeNull()
    keepPlace(real(window), file)
    window.bounds = { x: 10, y: 20, width: 1300, height: 850 }
    window.emit('move')
    window.emit('resize')
    expect(file.read()).toBeNull()
    vi.advanceTimersByTime(600)
    expect(file.read()).toEqual({ x: 10, y: 20, width: 1300, height: 850, maximized: false })
    window.maximize()
    window.close()
    expect(placeOf(file)).toEqual({ x: 10, y: 20, width: 1300, height: 850, maximized: true })
    vi.advanceTimersByTime(600) // no timer is left that would ask a window that is gone
    folder.write('state/window.json', '{"x": 1')
    expect((await readFile(path, 'utf8')).length).toBeLessThan(10)
    expect(placeOf(file)).toEqual(standard)
  })
})
