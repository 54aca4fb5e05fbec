// A stand-in for the parts of Electron that main and preload use. It enforces the rules of the real one: what must happen
// before or after ready, one handler per channel, structured clone on every message, no call to a destroyed window, ports that
// queue until they are started and are gone once they are transferred. Its utility processes are real child processes, and its
// message ports really cross them.
import { fork, type ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { constants, tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
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
  saveOptions: [] as E.SaveDialogOptions[],
  /** index of the button that answers questions */
  answer: 2,
  questions: [] as E.MessageBoxOptions[],
  notifications: [] as Notification[],
  focused: null as BrowserWindow | null,
  displays: [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }],
  exposed: new Map<string, unknown>(),
  blockers: new Set<number>(),
  children: [] as FakeUtilityProcess[],
  permission: undefined as undefined | ((contents: unknown, permission: string, answer: (granted: boolean) => void) => void),
  permissionCheck: undefined as undefined | ((contents: unknown, permission: string) => boolean),
  device: undefined as undefined | (() => boolean),
}

class App extends EventEmitter {
  get isPackaged(): boolean {
    return fake.packaged
  }
  getPath(name: string): string {
    if (name !== 'userData') throw new Error(`Failed to get '${name}' path`)
    return process.env.QUERENT_WORKSPACE ?? tmpdir()
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
    // Windows may refuse: then nothing quits.
    for (const window of BrowserWindow.getAllWindows()) if (!window.leave()) return
    this.emit('will-quit', {})
    this.exit(0)
  }
  exit(code = 0): void {
    for (const window of BrowserWindow.getAllWindows()) window.destroy()
    for (const { child } of fake.children) child.kill('SIGKILL')
    fake.exitCode = code
    fake.quit = true
    this.emit('fake-exit')
  }
}
export const app = new App()

export class WebContents extends EventEmitter {
  readonly mainFrame = { url: '' }
  openHandler: ((details: { url: string }) => { action: string }) | undefined
  /** What main sends to the page; listeners get `{ ports }` and what was sent. */
  readonly page = new EventEmitter()
  destroyed = false
  isDestroyed(): boolean {
    return this.destroyed
  }
  send(channel: string, ...given: unknown[]): void {
    this.toPage(channel, given, [])
  }
  postMessage(channel: string, message: unknown, ports: MessagePortMain[] = []): void {
    this.toPage(channel, [message], ports)
  }
  private toPage(channel: string, given: unknown[], ports: MessagePortMain[]): void {
    this.refuseDestroyed()
    const event = { ports: ports.map((port) => port.transferToPage()) }
    const copies = structuredClone<unknown[]>(given)
    this.page.emit(channel, event, ...copies)
    if (fake.windows.at(-1)?.webContents === this) ipcRenderer.emit(channel, event, ...copies)
  }
  private refuseDestroyed(): void {
    if (this.destroyed) throw new TypeError('Object has been destroyed')
  }
  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler
  }
}

export class BrowserWindow extends EventEmitter {
  readonly webContents = new WebContents()
  readonly progress: number[] = []
  shown = false
  constructor(readonly options: E.BrowserWindowConstructorOptions) {
    super()
    if (!fake.ready) throw new Error('Cannot create BrowserWindow before app is ready')
    fake.windows.push(this)
    app.emit('web-contents-created', {}, this.webContents)
  }
  static fromWebContents(contents: WebContents): BrowserWindow | null {
    return fake.windows.find((window) => window.webContents === contents) ?? null
  }
  setProgressBar(share: number): void {
    if (typeof share !== 'number') throw new TypeError('Error processing argument at index 0, conversion failure')
    this.progress.push(share)
  }
  static getAllWindows(): BrowserWindow[] {
    return fake.windows.filter((window) => !window.webContents.destroyed)
  }
  loadURL(url: string): Promise<void> {
    this.webContents.mainFrame.url = url
    queueMicrotask(() => this.emit('ready-to-show'))
    return Promise.resolve()
  }
  bounds = { x: 0, y: 0, width: 1280, height: 800 }
  maximized = false
  show(): void {
    this.alive()
    this.shown = true
    this.emit('show')
  }
  showInactive(): void {
    this.show()
  }
  hide(): void {
    this.alive()
    this.shown = false
    if (fake.focused === this) fake.focused = null
    this.emit('hide')
  }
  isVisible(): boolean {
    this.alive()
    return this.shown
  }
  isDestroyed(): boolean {
    return this.webContents.destroyed
  }
  isMinimized(): boolean {
    return false
  }
  restore(): void {}
  focus(): void {
    this.alive()
    fake.focused = this
  }
  maximize(): void {
    this.alive()
    this.maximized = true
  }
  isMaximized(): boolean {
    this.alive()
    return this.maximized
  }
  getNormalBounds(): E.Rectangle {
    this.alive()
    return { ...this.bounds }
  }
  static getFocusedWindow(): BrowserWindow | null {
    return fake.focused
  }
  private alive(): void {
    if (this.webContents.destroyed) throw new TypeError('Object has been destroyed')
  }
  destroy(): void {
    this.webContents.destroyed = true
    this.emit('closed')
  }
  /** Asks whoever listens, then goes; false when somebody refused. */
  leave(): boolean {
    let prevented = false
    this.emit('close', { preventDefault: () => (prevented = true) })
    if (!prevented) this.destroy()
    return !prevented
  }
  /** What the close button does. */
  close(): void {
    if (!this.leave()) return
    if (BrowserWindow.getAllWindows().length === 0) app.emit('window-all-closed')
  }
}

export class Menu {
  constructor(readonly template: E.MenuItemConstructorOptions[]) {}
  static buildFromTemplate(template: E.MenuItemConstructorOptions[]): Menu {
    const check = (item: E.MenuItemConstructorOptions): void => {
      if (!item.label && !item.role && !item.type)
        throw new TypeError('Invalid template for MenuItem: must have at least one of label, role or type')
      if (Array.isArray(item.submenu)) item.submenu.forEach(check)
    }
    template.forEach(check)
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
      setPermissionCheckHandler: (handler: typeof fake.permissionCheck): void => void (fake.permissionCheck = handler),
      setDevicePermissionHandler: (handler: typeof fake.device): void => void (fake.device = handler),
    }
  },
}
export const shell = { openExternal: (url: string): Promise<void> => Promise.resolve(void fake.opened.push(url)) }
export const dialog = {
  showSaveDialog: (...given: [BrowserWindow, E.SaveDialogOptions] | [E.SaveDialogOptions]): Promise<typeof fake.saveDialog> => {
    fake.saveOptions.push(given.at(-1) as E.SaveDialogOptions)
    return Promise.resolve(fake.saveDialog)
  },
  showMessageBox: (...given: [BrowserWindow, E.MessageBoxOptions] | [E.MessageBoxOptions]): Promise<{ response: number }> => {
    const question = given.at(-1) as E.MessageBoxOptions
    fake.questions.push(question)
    if (!question.buttons?.[fake.answer]) throw new Error(`no button ${fake.answer}`)
    return Promise.resolve({ response: fake.answer })
  },
  showErrorBox: (title: string, text: string): void => void fake.errors.push(`${title}: ${text}`),
}
export class Notification extends EventEmitter {
  static isSupported(): boolean {
    return true
  }
  constructor(readonly options: E.NotificationConstructorOptions) {
    super()
    if (!fake.ready) throw new Error('Cannot create Notification before app is ready')
  }
  show(): void {
    fake.notifications.push(this)
  }
}
export const screen = {
  getAllDisplays(): typeof fake.displays {
    if (!fake.ready) throw new Error("The 'screen' module can't be used before the app 'ready' event")
    return fake.displays
  },
}
let nextBlocker = 1
export const powerSaveBlocker = {
  start: (): number => {
    const id = nextBlocker++
    fake.blockers.add(id)
    return id
  },
  stop: (id: number): void => {
    if (!fake.blockers.delete(id)) throw new Error(`no power save blocker ${id}`)
  },
}

/** Where a transferred port went: what arrives for it goes there. */
interface Holder {
  deliver(message: unknown, ports: MessagePortMain[]): void
  close(): void
}

/** One end of a channel. */
export class MessagePortMain extends EventEmitter {
  peer!: MessagePortMain
  readonly id = nextPort++
  holder: Holder | null = null
  private started = false
  private closed = false
  private readonly queue: { message: unknown; ports: MessagePortMain[] }[] = []

  postMessage(message: unknown, ports: MessagePortMain[] = []): void {
    if (this.holder) throw new Error('this port was transferred')
    this.send(message, ports)
  }
  /** From whoever holds this end now. */
  send(message: unknown, ports: MessagePortMain[]): void {
    if (!this.closed) this.peer.receive(structuredClone(message), ports)
  }
  private receive(message: unknown, ports: MessagePortMain[]): void {
    if (this.holder) this.holder.deliver(message, ports)
    else if (this.started) setImmediate(() => this.emit('message', { data: message, ports }))
    else this.queue.push({ message, ports })
  }
  start(): void {
    this.started = true
    for (const { message, ports } of this.queue.splice(0)) this.receive(message, ports)
  }
  /** Only the other end hears of it. */
  close(): void {
    if (this.closed) return
    const { peer } = this
    this.closed = peer.closed = true
    if (peer.holder) peer.holder.close()
    else setImmediate(() => peer.emit('close'))
  }
  transfer(holder: Holder): void {
    if (this.holder) throw new TypeError('Port at index 0 is already neutered')
    this.holder = holder
    for (const { message, ports } of this.queue.splice(0)) holder.deliver(message, ports)
  }
  /** The page's end, of the kind that pages have. */
  transferToPage(): MessagePort {
    const { port1: inner, port2 } = new MessageChannel()
    this.transfer({ deliver: (message) => inner.postMessage(message), close: () => inner.close() })
    inner.on('message', (message) => this.send(message, []))
    inner.on('close', () => this.close())
    inner.unref()
    return port2
  }
}
let nextPort = 1

export class MessageChannelMain {
  readonly port1 = new MessagePortMain()
  readonly port2 = new MessagePortMain()
  constructor() {
    this.port1.peer = this.port2
    this.port2.peer = this.port1
  }
}

type FromChild = { port?: number; message?: unknown; closed?: boolean }

export class FakeUtilityProcess extends EventEmitter {
  readonly child: ChildProcess
  /** as in Electron, unknown until `spawn` */
  pid: number | undefined
  private readonly ports = new Map<number, MessagePortMain>()

  constructor(
    readonly entry: string,
    args: string[],
    options: E.ForkOptions = {},
  ) {
    super()
    if (!fake.ready) throw new Error('utilityProcess cannot be created before app is ready')
    const [, out = 'inherit', err = 'inherit'] = Array.isArray(options.stdio) ? options.stdio : [null, options.stdio, options.stdio]
    const childSide = fileURLToPath(new URL('./utilityChild.mjs', import.meta.url))
    this.child = fork(entry, args, {
      serialization: 'advanced',
      execArgv: ['--import', childSide],
      stdio: ['ignore', out, err, 'ipc'] as never,
    })
    fake.children.push(this)
    this.child.on('message', ({ port, message, closed }: FromChild) => {
      if (port === undefined) this.emit('message', message)
      else if (closed) this.ports.get(port)?.close()
      else this.ports.get(port)?.send(message, [])
    })
    this.child.on('spawn', () => {
      this.pid = this.child.pid
      this.emit('spawn')
    })
    // After its output, so that listeners have read its last words.
    this.child.on('close', (code, signal) => {
      this.pid = undefined
      // Ports held by a dead process close at their other ends.
      for (const port of this.ports.values()) port.close()
      this.emit('exit', code ?? constants.signals[signal ?? 'SIGKILL'])
    })
  }
  get stderr(): ChildProcess['stderr'] {
    return this.child.stderr
  }
  postMessage(message: unknown, ports: MessagePortMain[] = []): void {
    this.deliver({ message: structuredClone(message) }, ports)
  }
  private deliver(envelope: Record<string, unknown>, ports: MessagePortMain[]): void {
    if (!this.child.connected) return ports.forEach((port) => port.close())
    // The ids first: a port's queued messages must find it there.
    this.child.send({ ...envelope, ports: ports.map(({ id }) => id) }, () => undefined) // a child that just died hears nothing
    for (const port of ports) {
      this.ports.set(port.id, port)
      port.transfer({
        deliver: (message, more) => this.deliver({ port: port.id, message }, more),
        close: () => this.deliver({ port: port.id, closed: true }, []),
      })
    }
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
  return structuredClone(await handler(eventFrom(window, senderUrl) as never, ...structuredClone<unknown[]>(given)))
}
export function sendFrom(window: BrowserWindow, channel: string, senderUrl?: string): void {
  ipcMain.emit(channel, eventFrom(window, senderUrl))
}
const eventFrom = (window: BrowserWindow, senderUrl?: string): { sender: WebContents; senderFrame: { url: string } } => ({
  sender: window.webContents,
  senderFrame: senderUrl === undefined ? window.webContents.mainFrame : { url: senderUrl },
})

/** The newest page's side, for the preload. */
export const ipcRenderer = Object.assign(new EventEmitter(), {
  invoke: (channel: string, ...given: unknown[]) => invokeFrom(fake.windows.at(-1), channel, given),
  send: (channel: string) => sendFrom(fake.windows.at(-1), channel),
})
/** What crosses the context bridge: functions by proxy, all else as a copy, errors without anything but their message. */
function bridged(value: unknown): unknown {
  if (typeof value === 'function')
    return (...given: unknown[]) => {
      const result = (value as (...args: unknown[]) => unknown)(...given.map(bridged))
      const refuse = (error: unknown): never => {
        throw error instanceof Error ? new Error(error.message) : structuredClone(error)
      }
      return result instanceof Promise ? result.then(bridged, refuse) : bridged(result)
    }
  if (value !== null && typeof value === 'object' && Object.values(value).some((member) => typeof member === 'function'))
    return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, member]) => [key, bridged(member)])))
  return structuredClone(value)
}
export const contextBridge = {
  exposeInMainWorld: (key: string, value: unknown): void => {
    if (fake.exposed.has(key)) throw new Error(`Cannot bind an API on top of an existing property on the window object: ${key}`)
    fake.exposed.set(key, bridged(value))
  },
}
