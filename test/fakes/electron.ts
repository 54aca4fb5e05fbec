// A stand-in for the parts of Electron that main and preload use. It enforces the rules of the real one: what must happen
// before or after ready, one handler per channel, structured clone on every message, no call to a destroyed window. Its
// utility processes are real child processes, and its message ports really cross them.
import { fork, type ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import type * as E from 'electron'

type Handler = (event: E.IpcMainInvokeEvent, ...given: unknown[]) => unknown

export const fake = {
  ready: false,
  quit: false,
  exitCode: null as number | null,
  sandboxed: false,
  packaged: true,
  lock: true,
  windows: [] as BrowserWindow[],
  handlers: new Map<string, Handler>(),
  schemes: [] as E.CustomScheme[],
  protocols: new Map<string, (request: Request) => Promise<Response> | Response>(),
  opened: [] as string[],
  errors: [] as string[],
  menu: null as Menu | null,
  saveDialog: { canceled: true, filePath: '' },
  exposed: new Map<string, unknown>(),
  blockers: new Set<number>(),
  children: [] as FakeUtilityProcess[],
  permission: undefined as undefined | ((contents: unknown, permission: string, answer: (granted: boolean) => void) => void),
}

class App extends EventEmitter {
  get isPackaged(): boolean {
    return fake.packaged
  }
  getVersion(): string {
    return '0.0.0-fake'
  }
  enableSandbox(): void {
    if (fake.ready) throw new Error('app.enableSandbox() can only be called before app is ready')
    fake.sandboxed = true
  }
  requestSingleInstanceLock(): boolean {
    return fake.lock
  }
  async whenReady(): Promise<void> {
    // The real one gets ready only after the entry module has loaded.
    await new Promise((resolve) => setImmediate(resolve))
    fake.ready = true
  }
  quit(): void {
    let prevented = false
    this.emit('before-quit', { preventDefault: () => (prevented = true) })
    if (prevented) return
    fake.quit = true
    this.emit('will-quit', {})
  }
  exit(code = 0): void {
    fake.exitCode = code
    fake.quit = true
  }
}
export const app = new App()

export class WebContents extends EventEmitter {
  readonly mainFrame = { url: '' }
  openHandler: ((details: { url: string }) => { action: string }) | undefined
  /** where the page is; tests listen to what main sends it */
  readonly page = new EventEmitter()
  destroyed = false
  isDestroyed(): boolean {
    return this.destroyed
  }
  send(channel: string, ...given: unknown[]): void {
    this.page.emit(channel, ...(structuredClone(given) as unknown[]))
  }
  postMessage(channel: string, message: unknown, ports: MessagePortMain[] = []): void {
    if (ports.some((port) => !(port instanceof MessagePortMain))) throw new TypeError('only MessagePortMain can be transferred')
    this.page.emit(channel, structuredClone(message), ports)
  }
  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler
  }
}

export class BrowserWindow extends EventEmitter {
  readonly webContents = new WebContents()
  shown = false
  constructor(readonly options: E.BrowserWindowConstructorOptions) {
    super()
    if (!fake.ready) throw new Error('Cannot create BrowserWindow before app is ready')
    fake.windows.push(this)
    app.emit('web-contents-created', {}, this.webContents)
  }
  static getAllWindows(): BrowserWindow[] {
    return fake.windows.filter((window) => !window.webContents.destroyed)
  }
  loadURL(url: string): Promise<void> {
    this.webContents.mainFrame.url = url
    queueMicrotask(() => this.emit('ready-to-show'))
    return Promise.resolve()
  }
  show(): void {
    this.shown = true
  }
  isMinimized(): boolean {
    return false
  }
  restore(): void {}
  focus(): void {}
  /** What the close button does. */
  close(): void {
    this.webContents.destroyed = true
    this.emit('closed')
    if (BrowserWindow.getAllWindows().length === 0) app.emit('window-all-closed')
  }
}

export class Menu {
  constructor(readonly template: E.MenuItemConstructorOptions[]) {}
  static buildFromTemplate(template: E.MenuItemConstructorOptions[]): Menu {
    return new Menu(template)
  }
  static setApplicationMenu(menu: Menu | null): void {
    fake.menu = menu
  }
}

class IpcMain extends EventEmitter {
  handle(channel: string, handler: Handler): void {
    if (fake.handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`)
    fake.handlers.set(channel, handler)
  }
}
export const ipcMain = new IpcMain()

export const protocol = {
  registerSchemesAsPrivileged(schemes: E.CustomScheme[]): void {
    if (fake.ready) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready')
    fake.schemes.push(...schemes)
  },
  handle(scheme: string, handler: (request: Request) => Promise<Response>): void {
    if (!fake.ready) throw new Error('protocol.handle needs a ready app')
    fake.protocols.set(scheme, handler)
  },
}

export const session = {
  get defaultSession() {
    if (!fake.ready) throw new Error('Session can only be received when app is ready')
    return {
      setPermissionRequestHandler: (handler: typeof fake.permission): void => void (fake.permission = handler),
      setPermissionCheckHandler: (): void => {},
      setDevicePermissionHandler: (): void => {},
    }
  },
}
export const shell = { openExternal: (url: string): Promise<void> => Promise.resolve(void fake.opened.push(url)) }
export const dialog = {
  showSaveDialog: (): Promise<typeof fake.saveDialog> => Promise.resolve(fake.saveDialog),
  showErrorBox: (title: string, text: string): void => void fake.errors.push(`${title}: ${text}`),
}
export const powerSaveBlocker = {
  start: (): number => {
    const id = fake.blockers.size + 1
    fake.blockers.add(id)
    return id
  },
  stop: (id: number): void => {
    if (!fake.blockers.delete(id)) throw new Error(`no power save blocker ${id}`)
  },
}

/** One end of a channel. Where it was transferred to a child process, the child's messages come through here. */
export class MessagePortMain extends EventEmitter {
  peer!: MessagePortMain
  holder: ChildProcess | null = null
  readonly id = nextPort++
  postMessage(message: unknown, ports: MessagePortMain[] = []): void {
    this.peer.receive(structuredClone(message), ports)
  }
  receive(message: unknown, ports: MessagePortMain[]): void {
    if (this.holder) send(this.holder, { port: this.id, message }, ports)
    else setImmediate(() => this.emit('message', { data: message, ports }))
  }
  start(): void {}
  close(): void {
    for (const end of [this, this.peer]) {
      if (end.holder?.connected) end.holder.send({ port: end.id, closed: true })
      else setImmediate(() => end.emit('close'))
    }
  }
}
let nextPort = 1
const portsById = new Map<number, MessagePortMain>()

export class MessageChannelMain {
  readonly port1 = new MessagePortMain()
  readonly port2 = new MessagePortMain()
  constructor() {
    this.port1.peer = this.port2
    this.port2.peer = this.port1
    for (const port of [this.port1, this.port2]) portsById.set(port.id, port)
  }
}

function send(child: ChildProcess, envelope: Record<string, unknown>, ports: MessagePortMain[]): void {
  for (const port of ports) port.holder = child
  if (child.connected) child.send({ ...envelope, ports: ports.map(({ id }) => id) })
}

export class FakeUtilityProcess extends EventEmitter {
  readonly child: ChildProcess
  constructor(entry: string, args: string[], readonly options: E.ForkOptions = {}) {
    super()
    if (!fake.ready) throw new Error('utilityProcess cannot be created before app is ready')
    const childSide = fileURLToPath(new URL('./utilityChild.mjs', import.meta.url))
    this.child = fork(entry, args, { serialization: 'advanced', execArgv: ['--import', childSide] })
    fake.children.push(this)
    this.child.on('message', (envelope: { port?: number; message: unknown; closed?: boolean }) => {
      if (envelope.port === undefined) this.emit('message', envelope.message)
      else if (envelope.closed) portsById.get(envelope.port)?.close()
      else portsById.get(envelope.port)?.peer.receive(envelope.message, [])
    })
    this.child.on('exit', (code) => {
      // Ports held by a dead process close at their other ends.
      for (const port of portsById.values()) if (port.holder === this.child) port.close()
      this.emit('exit', code ?? 1)
    })
    this.child.on('spawn', () => this.emit('spawn'))
  }
  get pid(): number | undefined {
    return this.child.pid
  }
  postMessage(message: unknown, ports: MessagePortMain[] = []): void {
    send(this.child, { message: structuredClone(message) }, ports)
  }
  kill(): boolean {
    return this.child.kill()
  }
}
export const utilityProcess = {
  fork: (entry: string, args: string[] = [], options?: E.ForkOptions): FakeUtilityProcess => new FakeUtilityProcess(entry, args, options),
}

/** One call from a page, cloned both ways as the real line does. */
export async function invokeFrom(window: BrowserWindow, channel: string, given: unknown[], senderUrl?: string): Promise<unknown> {
  const handler = fake.handlers.get(channel)
  if (!handler) throw new Error(`No handler registered for '${channel}'`)
  return structuredClone(await handler(eventFrom(window, senderUrl) as never, ...(structuredClone(given) as unknown[])))
}
export function sendFrom(window: BrowserWindow, channel: string, senderUrl?: string): void {
  ipcMain.emit(channel, eventFrom(window, senderUrl))
}
const eventFrom = (window: BrowserWindow, senderUrl?: string): { sender: WebContents; senderFrame: { url: string } } => ({
  sender: window.webContents,
  senderFrame: senderUrl === undefined ? window.webContents.mainFrame : { url: senderUrl },
})

/** The page's side, for the preload. */
export const ipcRenderer = Object.assign(new EventEmitter(), {
  invoke: (channel: string, ...given: unknown[]) => invokeFrom(fake.windows[0], channel, given),
  send: (channel: string) => sendFrom(fake.windows[0], channel),
})
export const contextBridge = {
  exposeInMainWorld: (key: string, value: unknown): void => {
    if (fake.exposed.has(key)) throw new Error(`Cannot bind an API on top of an existing property on the window object: ${key}`)
    fake.exposed.set(key, value)
  },
}
