import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { shellChannels } from '@contract/shell'
import { acquireLock } from '@main/node/storage/lock'
import { temporaryFolder } from '../support/cli'
import { startDesktopApp, type DesktopApp } from '../support/desktopApp'

const folder = temporaryFolder()
let app: DesktopApp
beforeAll(async () => {
  app = await startDesktopApp(join(folder.path, 'workspace'))
})
afterAll(async () => {
  await app.quit()
  vi.unstubAllGlobals()
  folder.dispose()
})
const firstWindow = () => app.electron.fake.windows[0]

describe('the desktop shell', () => {
  it('opens one locked-down window on its own origin, in the sandbox', () => {
    const { fake } = app.electron
    expect(fake.sandboxed).toBe(true)
    expect(fake.schemes).toEqual([
      expect.objectContaining({ scheme: 'app', privileges: expect.objectContaining({ standard: true, secure: true }) as unknown }),
    ])
    expect(fake.windows).toHaveLength(1)
    const { options, webContents, shown } = firstWindow()
    expect(options).toMatchObject({ width: 1280, height: 800, minWidth: 1000, title: 'Querent' })
    expect(options.webPreferences).toEqual({
      preload: expect.stringMatching(/preload\/index\.cjs$/) as unknown,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
    })
    expect(webContents.mainFrame.url).toBe('app://querent/index.html')
    expect(shown).toBe(true)
    expect(app.readyCount()).toBe(1)
  })

  it('keeps pages inside', () => {
    const { webContents } = firstWindow()
    const go = (event: string, url: string): boolean => {
      let prevented = false
      webContents.emit(event, { url, preventDefault: () => (prevented = true) })
      return !prevented
    }
    for (const event of ['will-navigate', 'will-redirect']) {
      expect(go(event, 'app://querent/index.html')).toBe(true)
      for (const url of ['https://example.org/', 'app://other/index.html', 'file:///etc/passwd', 'http://localhost:5173/', 'nonsense'])
        expect(go(event, url)).toBe(false)
    }
    expect(go('will-attach-webview', 'app://querent/index.html')).toBe(false)
  })

  it('opens web links in the browser and nothing else anywhere', () => {
    const { openHandler } = firstWindow().webContents
    for (const url of ['https://example.org/paper', 'file:///etc/passwd', 'javascript:alert(1)', 'http://example.org/'])
      expect(openHandler?.({ url })).toEqual({ action: 'deny' })
    expect(app.electron.fake.opened).toEqual(['https://example.org/paper'])
  })

  it('grants writing to the clipboard and no other permission', () => {
    const { permission, permissionCheck, device } = app.electron.fake
    for (const [name, expected] of [
      ['clipboard-sanitized-write', true],
      ['clipboard-read', false],
      ['media', false],
      ['geolocation', false],
      ['notifications', false],
    ] as const) {
      const answer = vi.fn()
      permission?.(null, name, answer)
      expect(answer).toHaveBeenCalledExactlyOnceWith(expected)
      expect(permissionCheck?.(null, name)).toBe(expected)
    }
    expect(device?.()).toBe(false)
  })

  it('serves the built page with its policy, and nothing outside of it', async () => {
    const serve = (url: string, method = 'GET') => app.electron.fake.protocols.get('app')!(new Request(url, { method }))
    const page = await serve('app://querent/index.html')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = page.headers.get('content-security-policy')
    for (const part of ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self'", "frame-ancestors 'none'"])
      expect(policy).toContain(part)
    const script = /src="\.\/([^"]+\.js)"/.exec(await page.text())?.[1]
    const reply = await serve(`app://querent/${script}`)
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])
    expect((await serve('app://querent/%2e%2e%2fmain%2findex.js')).status).toBe(403)
    expect((await serve('app://querent/..%5c..%5cpackage.json')).status).toBeGreaterThanOrEqual(403)
    expect((await serve('app://querent/../../package.json')).status).toBe(404)
    expect((await serve('app://querent/%00')).status).toBe(403)
    expect((await serve('app://querent/%')).status).toBe(400)
    expect((await serve('app://other/index.html')).status).toBe(403)
    expect((await serve('app://querent/index.html', 'POST')).status).toBe(403)
  })

  it('answers its own page only', async () => {
    const { invokeFrom, sendFrom } = app.electron
    const window = firstWindow()
    const ports = vi.fn()
    window.webContents.page.on(shellChannels.labPort, ports)
    // The last one is a frame inside the page.
    for (const url of ['https://example.org/', 'app://other/index.html', 'http://localhost:5173/', 'app://querent/index.html']) {
      const reply = await invokeFrom(window, shellChannels.saveFile, ['a.csv', 'text/csv', new Uint8Array(1)], url)
      expect(reply).toMatchObject({ ok: false, error: { code: 'bad-input', message: 'unexpected sender' } })
      sendFrom(window, shellChannels.requestLab, url)
    }
    const client = await app.connect() // an honest request, answered after the others
    expect(ports).toHaveBeenCalledTimes(1)
    expect(await client.call('app.info', {})).toMatchObject({ transport: 'electron' })
  })

  it('offers exactly the bridge', () => {
    expect(Object.keys(app.bridge).sort()).toEqual(['choosePlace', 'onMenu', 'onOpen', 'pathOf', 'putSaved', 'requestLab', 'saveFile'])
    expect(Object.isFrozen(app.bridge)).toBe(true)
    expect([...app.electron.fake.exposed.keys()]).toEqual(['querent'])
    expect([...app.electron.fake.handlers.keys()]).toEqual([shellChannels.saveFile, shellChannels.choosePlace, shellChannels.putSaved])
  })

  it('has a preload that a sandbox can load', async () => {
    const preload = await readFile(join(import.meta.dirname, '../../out/preload/index.cjs'), 'utf8')
    expect([...preload.matchAll(/require\(["']([^"']+)["']\)/g)].map(([, name]) => name)).toEqual(['electron'])
    expect(preload).not.toMatch(/\bimport\s*\(/)
  })

  it('sends menu commands to the page', () => {
    const heard: string[] = []
    const stop = app.bridge.onMenu((command) => heard.push(command))
    const items = app.electron.fake
      .menu!.template.flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu : []))
      .filter(({ id }) => id !== undefined && !id.startsWith('updates.'))
    for (const item of items) item.click?.({} as never, firstWindow() as never, {})
    expect(heard).toEqual([
      'project.new',
      'project.open',
      'study.save',
      'project.save',
      'run.start',
      'run.stop',
      'palette.open',
      'help.shortcuts',
    ])
    expect(new Set(items.map(({ accelerator }) => accelerator)).size).toBe(items.length)
    expect(JSON.stringify(app.electron.fake.menu!.template)).not.toMatch(/reload|toggleDevTools/i)
    stop()
    items[0].click?.({} as never, firstWindow() as never, {})
    expect(heard).toHaveLength(8)
  })
})

describe('saving a file', () => {
  const bytes = new TextEncoder().encode('round,accuracy\n0,0.5\n')
  afterEach(() => {
    app.electron.fake.saveDialog = { canceled: true, filePath: '' }
  })

  it('writes what the page gave where the user wanted it', async () => {
    const filePath = join(folder.path, 'rounds.csv')
    app.electron.fake.saveDialog = { canceled: false, filePath }
    expect(await app.bridge.saveFile('../../sneaky\\rounds.csv', 'text/csv', bytes)).toEqual({ ok: true, path: filePath })
    expect(app.electron.fake.saveOptions.at(-1)).toEqual({ defaultPath: '..-..-sneaky-rounds.csv' })
    expect(new Uint8Array(await readFile(filePath))).toEqual(bytes)
  })

  it('does nothing when the user cancels', async () => {
    expect(await app.bridge.saveFile('rounds.csv', 'text/csv', bytes)).toEqual({ ok: true, path: null })
  })

  it('says which file could not be written, and why', async () => {
    const filePath = join(folder.path, 'rounds.csv', 'below-a-file.csv')
    app.electron.fake.saveDialog = { canceled: false, filePath }
    const { saveFile } = await import('@/client/saveFile')
    await expect(saveFile('rounds.csv', 'text/csv', bytes)).rejects.toMatchObject({
      code: 'bad-input',
      details: { file: filePath },
      message: expect.stringContaining('is a file') as unknown,
    })
  })

  it('moves a data set that the lab wrote to the place that was chosen before, once', async () => {
    const client = await app.connect()
    const filePath = join(folder.path, 'digits.csv')
    app.electron.fake.saveDialog = { canceled: false, filePath }
    const { saveMade } = await import('@/client/saveFile')
    let waiting = ''
    const make = async () => {
      const made = await client.call('datasets.save', { task: 'a', dataset: 'wine', format: 'csv' })
      waiting = made.saved
      return made
    }
    expect(await saveMade('wine.csv', make)).toBe(filePath)
    expect((await readFile(filePath, 'utf8')).split('\n')).toHaveLength(178 + 2)
    expect(await app.bridge.putSaved(waiting, filePath)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('chosen in the save dialog') as unknown },
    })
    app.electron.fake.saveDialog = { canceled: false, filePath }
    await app.bridge.choosePlace('wine.csv')
    expect(await app.bridge.putSaved(waiting, filePath)).toMatchObject({ ok: false, error: { code: 'not-found' } })
    app.electron.fake.saveDialog = { canceled: true, filePath: '' }
    waiting = ''
    expect(await saveMade('wine.csv', make)).toBeNull()
    expect(waiting).toBe('') // nothing is written for nobody
    for (const given of [[], [waiting, filePath], ['../../secret', filePath]])
      expect(await app.electron.invokeFrom(firstWindow(), shellChannels.putSaved, given)).toMatchObject({
        ok: false,
        error: { code: 'bad-input' },
      })
  })

  it('refuses anything but a name, a type and bytes', async () => {
    for (const given of [
      [],
      ['a.csv', 'text/csv', 'text'],
      ['', 'text/csv', bytes],
      ['x'.repeat(300), 'text/csv', bytes],
      ['a.csv', 'text/csv', bytes, 'more'],
    ])
      expect(await app.electron.invokeFrom(firstWindow(), shellChannels.saveFile, given)).toMatchObject({
        ok: false,
        error: { code: 'bad-input' },
      })
  })
})

describe('a second start', () => {
  it('leaves the stage to the first instance', async () => {
    const second = await startDesktopApp(join(folder.path, 'workspace'), ({ fake }) => (fake.lock = false))
    await second.gone
    expect(second.electron.fake.windows).toHaveLength(0)
    expect(second.electron.fake.children).toHaveLength(0)
    expect(second.readyCount()).toBe(1) // so that `npm start` does not open the browser
  })

  it('says who has the workspace when the lab cannot open it', async () => {
    const workspace = join(folder.path, 'taken')
    folder.write('taken-marker', '')
    const { mkdir } = await import('node:fs/promises')
    await mkdir(workspace)
    const lock = await acquireLock(join(workspace, 'lock'), 'workspace')
    const second = await startDesktopApp(workspace)
    await second.gone
    await lock.release()
    expect(second.electron.fake.errors).toEqual([`Querent cannot start: this workspace is in use by process ${process.pid}`])
    expect(second.electron.fake.exitCode).toBe(1)
  })
})
