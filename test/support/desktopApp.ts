import { vi } from 'vitest'
import type { LabClient, LabEventName, LabEvents } from '@contract/commands'
import type { DesktopBridge } from '@contract/shell'
import { builtMain, rootDir } from './paths'

type Electron = typeof import('../fakes/electron')

/** The shell on the fake Electron, with the built lab and job processes behind it and a page in front. */
export interface DesktopApp {
  readonly electron: Electron
  readonly bridge: DesktopBridge
  /** how often the app said that it is ready */
  readonly readyCount: () => number
  /** The renderer's own client, over the preload and a message port. */
  connect(): Promise<LabClient>
  /** Asks the app to quit and waits until it has. */
  quit(): Promise<void>
  /** Resolves when the app's process would be gone. */
  readonly gone: Promise<void>
}

/** As much of a page's window as the preload and the client use. */
class PageWindow extends EventTarget {
  constructor(readonly querent: unknown) {
    super()
  }
  postMessage(data: unknown, _origin: string, ports: unknown[]): void {
    queueMicrotask(() => this.dispatchEvent(Object.assign(new Event('message'), { data, source: this, ports })))
  }
}

export async function startDesktopApp(workspace: string, prepare: (electron: Electron) => void = () => {}): Promise<DesktopApp> {
  vi.resetModules()
  const electron = await import('../fakes/electron')
  const { startDesktop } = await import('@main/electron/desktop')
  const { staticFile } = await import('@main/node/server/staticFiles')
  const { jsonFile } = await import('@main/node/storage/jsonFile')
  const { writeAtomic } = await import('@main/node/storage/files')
  const { moveSaved, savedOf } = await import('@main/node/datasets/saved')
  const { libraryOf } = await import('@main/node/workspace/location')
  const { app, fake } = electron
  prepare(electron)
  let readyCount = 0
  const gone = new Promise<void>((resolve) => app.once('fake-exit', resolve))
  await startDesktop({
    labEntry: builtMain('lab'),
    jobEntry: builtMain('job'),
    preload: `${rootDir}/out/preload/index.cjs`,
    workspace,
    platform: 'linux',
    developmentUrl: undefined,
    serveFile: (pathname) => staticFile(`${rootDir}/out/renderer`, pathname, "'self'"),
    writeFile: writeAtomic,
    moveSaved: (saved, path) => moveSaved(savedOf(libraryOf(workspace)), saved, path),
    place: jsonFile(`${workspace}-window.json`),
    updates: jsonFile(`${workspace}-updates.json`),
    loadUpdater: () => Promise.reject(new Error('this build names no server for updates')),
    pathsIn: (argv) => argv.filter((argument) => argument.startsWith('/')),
    argv: [],
    cwd: '/',
    onReady: () => void readyCount++,
  })
  await import('../../src/preload/index')
  const bridge = fake.exposed.get('querent') as DesktopBridge
  vi.stubGlobal('window', new PageWindow(bridge))
  vi.stubGlobal('location', new URL('app://querent/index.html'))
  return {
    electron,
    bridge,
    readyCount: () => readyCount,
    connect: async () => (await import('@/client/connect')).connect(),
    quit: () => {
      app.quit()
      return gone
    },
    gone,
  }
}

/** The next event that fits. */
export const heard = <E extends LabEventName>(
  client: LabClient,
  event: E,
  fits: (payload: LabEvents[E]) => boolean = () => true,
): Promise<LabEvents[E]> =>
  new Promise((resolve) => {
    const stop = client.on(event, (payload) => {
      if (!fits(payload)) return
      stop()
      resolve(payload)
    })
  })
