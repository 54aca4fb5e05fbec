import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  powerSaveBlocker,
  protocol,
  type IpcMainEvent,
  type IpcMainInvokeEvent,
  type WebContents,
} from 'electron'
import { z } from 'zod'
import { encodeError } from '@contract/errorCodec'
import { shellChannels, type SaveFileReply } from '@contract/shell'
import { appOrigin, guardContents, guardPermissions, isOwnPage } from './guards'
import { createClosing, type Closing } from './closing'
import { applicationMenu } from './menu'
import { notifyUnseen } from './notify'
import { createOpening, type Opening } from './opening'
import { startSupervisor, type Supervisor } from './supervisor'
import { createUpdates, type Updater } from './updates'
import { keepPlace, placeOf, type PlaceFile } from './windowPlace'

export interface DesktopOptions {
  readonly labEntry: string
  readonly jobEntry: string
  readonly preload: string
  readonly workspace: string
  readonly platform: NodeJS.Platform
  /** the development server's address when hot reloading */
  readonly developmentUrl: string | undefined
  /** Answers a page's request for one of the renderer's files. */
  serveFile(pathname: string): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: Uint8Array }>
  /** Rejects with a `QuerentError` that names the file. */
  writeFile(path: string, bytes: Uint8Array): Promise<void>
  /** Moves a file that the lab has made for a window. */
  moveSaved(saved: string, path: string): Promise<void>
  /** where the window was when it was closed last */
  readonly place: PlaceFile
  /** whether starts look for newer versions, and what looks */
  readonly updates: PlaceFile
  loadUpdater(): Promise<Updater>
  /** Absolute paths of the files and folders that a command line names. */
  pathsIn(argv: readonly string[], cwd: string): string[]
  /** command line and folder of this start */
  readonly argv: readonly string[]
  readonly cwd: string
  /** Called when the first window is on screen, or when another instance has one. */
  onReady(): void
}

/** Starts the desktop app: windows, menus, dialogs, and the processes that do the work. */
export async function startDesktop(options: DesktopOptions): Promise<void> {
  const { developmentUrl } = options
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true } },
  ])
  app.enableSandbox()
  if (!app.requestSingleInstanceLock()) {
    options.onReady() // the other instance comes to the front
    return app.quit()
  }
  guardContents(developmentUrl)
  const opening = createOpening(options.pathsIn(options.argv, options.cwd))
  app.on('open-file', (event, path) => {
    event.preventDefault()
    opening.open([path])
  })
  await app.whenReady()
  guardPermissions()
  protocol.handle('app', async (request) => {
    const { host, pathname } = new URL(request.url)
    if (host !== 'querent' || request.method !== 'GET') return new Response('forbidden', { status: 403 })
    const { status, headers, body } = await options.serveFile(pathname)
    return new Response(new Uint8Array(body), { status, headers: { ...headers } })
  })

  let awake: number | undefined
  const closing = createClosing(options.platform)
  const supervisor = startSupervisor({
    labEntry: options.labEntry,
    jobEntry: options.jobEntry,
    labArguments: [options.workspace],
    onFailed: (message) => {
      dialog.showErrorBox('Querent cannot start', message)
      app.exit(1)
    },
    onBusy: (busy) => {
      if (awake !== undefined) powerSaveBlocker.stop(awake)
      awake = busy ? powerSaveBlocker.start('prevent-app-suspension') : undefined
      closing.setBusy(busy)
    },
    onNotice: notifyUnseen,
  })
  answerShell(options, supervisor, opening)
  const updates = createUpdates(options.updates, options.loadUpdater)
  Menu.setApplicationMenu(applicationMenu(options.platform, updates))

  openWindow(options, closing)
  if (updates.atStart) void updates.check(true)
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) openWindow(options, closing)
    else bringForward()
  })
  app.on('second-instance', (_event, argv, cwd) => {
    bringForward()
    opening.open(options.pathsIn(argv, cwd))
  })
  app.on('window-all-closed', () => {
    if (options.platform !== 'darwin') app.quit()
  })
  let stopped = false
  app.on('before-quit', (event) => {
    if (stopped) return
    event.preventDefault()
    void closing.mayQuit().then(async (may) => {
      if (!may) return
      await supervisor.stop()
      stopped = true
      app.quit()
    })
  })
}

function bringForward(): void {
  const [window] = BrowserWindow.getAllWindows()
  if (!window) return
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

function openWindow(options: DesktopOptions, closing: Closing): void {
  const { maximized, ...bounds } = placeOf(options.place)
  const window = new BrowserWindow({
    ...bounds,
    minWidth: 1000,
    minHeight: 640,
    show: false,
    title: 'Querent',
    webPreferences: {
      preload: options.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
    },
  })
  keepPlace(window, options.place)
  closing.watch(window)
  window.once('ready-to-show', () => {
    if (maximized) window.maximize()
    window.show()
    options.onReady()
  })
  void window.loadURL(options.developmentUrl ?? `${appOrigin}/index.html`)
}

/** The few things a page may ask of the shell; each checks who asks and what. */
function answerShell(options: DesktopOptions, supervisor: Supervisor, opening: Opening): void {
  const isTrusted = ({ senderFrame, sender }: IpcMainEvent | IpcMainInvokeEvent): boolean =>
    senderFrame !== null && senderFrame === sender.mainFrame && isOwnPage(senderFrame.url, options.developmentUrl)

  ipcMain.on(shellChannels.requestLab, (event) => {
    if (!isTrusted(event)) return
    supervisor.connect(event.sender)
    opening.pageHears(event.sender)
  })
  /** Answers a channel for the own page; whatever goes wrong travels as data. */
  const answer = <T>(
    channel: string,
    request: z.ZodType<T>,
    expected: string,
    work: (given: T, sender: WebContents) => Promise<string | null>,
  ): void =>
    ipcMain.handle(channel, async (event, ...given: unknown[]): Promise<SaveFileReply> => {
      const refused = (message: string): SaveFileReply => ({ ok: false, error: { code: 'bad-input', message, details: {} } })
      if (!isTrusted(event)) return refused('unexpected sender')
      const parsed = request.safeParse(given)
      if (!parsed.success) return refused(expected)
      try {
        return { ok: true, path: await work(parsed.data, event.sender) }
      } catch (error) {
        return { ok: false, error: encodeError(error) }
      }
    })
  const askPlace = async (name: string, sender: WebContents): Promise<string | null> => {
    const choice = { defaultPath: name.replaceAll(/[/\\]/g, '-') }
    const window = BrowserWindow.fromWebContents(sender)
    const { canceled, filePath } = await (window ? dialog.showSaveDialog(window, choice) : dialog.showSaveDialog(choice))
    return canceled || !filePath ? null : filePath
  }

  answer(shellChannels.saveFile, saveFileRequest, 'saving needs a name, a type and bytes', async ([name, , bytes], sender) => {
    const path = await askPlace(name, sender)
    if (path !== null) await options.writeFile(path, bytes)
    return path
  })
  // Only what a user chose in the dialog is ever written, once.
  const chosen = new Set<string>()
  answer(shellChannels.choosePlace, z.tuple([fileName]), 'a place is chosen by a name', async ([name], sender) => {
    const path = await askPlace(name, sender)
    if (path !== null) chosen.add(path)
    return path
  })
  const putSavedRequest = z.tuple([z.string().regex(/^[0-9a-f]{64}$/), z.string().refine((path) => chosen.has(path))])
  answer(
    shellChannels.putSaved,
    putSavedRequest,
    'the name of a file and a path chosen in the save dialog are needed',
    async ([saved, path]) => {
      chosen.delete(path)
      await options.moveSaved(saved, path)
      return path
    },
  )
}

const fileName = z.string().min(1).max(255)
const saveFileRequest = z.tuple([fileName, z.string().max(100), z.instanceof(Uint8Array)])
