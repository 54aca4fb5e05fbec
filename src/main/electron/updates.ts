import { app, BrowserWindow, dialog, type MessageBoxOptions } from 'electron'
import { z } from 'zod'
import type { PlaceFile } from './windowPlace'

/** As much of the updater as is used; it checks the checksums, and the signatures where the platform has them. */
export interface Updater {
  autoDownload: boolean
  autoInstallOnAppQuit: boolean
  /** null where the app cannot be updated: it was started from its source, or by a package manager */
  checkForUpdates(): Promise<{ readonly isUpdateAvailable: boolean; readonly updateInfo: { readonly version: string } } | null>
  downloadUpdate(): Promise<unknown>
  on(event: 'download-progress', listener: (progress: { readonly percent: number }) => void): unknown
}

export interface Updates {
  /** Whether every start asks for a newer version; off until the user says otherwise. */
  readonly atStart: boolean
  setAtStart(atStart: boolean): void
  /** Asks for a newer version and, with the user's consent, fetches it. `quietly`: says something only if there is one. */
  check(quietly: boolean): Promise<void>
}

const kept = z.object({ atStart: z.boolean() })

/** Looks for newer versions when asked to; nothing is fetched or installed without a yes. */
export function createUpdates(file: PlaceFile, load: () => Promise<Updater>): Updates {
  let checking: Promise<void> | undefined
  let atStart = kept.safeParse(file.read()).data?.atStart ?? false

  async function look(quietly: boolean): Promise<void> {
    const updater = await load()
    updater.autoDownload = false
    updater.autoInstallOnAppQuit = true
    const found = await updater.checkForUpdates()
    if (!found?.isUpdateAvailable) {
      if (quietly) return
      await say(
        found === null ? 'This copy of Querent is updated by what installed it.' : `Querent ${app.getVersion()} is the newest version.`,
      )
      return
    }
    const { version } = found.updateInfo
    const wanted = await ask(
      `Querent ${version} is available; this is ${app.getVersion()}.`,
      ['Download', 'Not now'],
      'It is installed when you quit.',
    )
    if (wanted !== 0) return
    updater.on('download-progress', ({ percent }) => showProgress(percent / 100))
    await updater.downloadUpdate().finally(() => showProgress(-1))
    const now = await ask(
      `Querent ${version} is ready.`,
      ['Quit and install', 'Later'],
      'Later: it is installed when you quit. Running experiments stop at their next round and can go on afterwards.',
    )
    if (now === 0) app.quit()
  }

  return {
    get atStart() {
      return atStart
    },
    setAtStart: (next) => {
      atStart = next
      file.write({ atStart })
    },
    check: (quietly) =>
      (checking ??= look(quietly)
        .catch(async (error: unknown) => {
          if (!quietly) await say('Querent could not look for updates.', error instanceof Error ? error.message : String(error))
        })
        .finally(() => (checking = undefined))),
  }
}

const showProgress = (share: number): void => BrowserWindow.getAllWindows().forEach((window) => window.setProgressBar(share))

async function ask(message: string, buttons: string[], detail?: string): Promise<number> {
  const options: MessageBoxOptions = {
    type: 'info',
    title: 'Querent',
    message,
    buttons,
    defaultId: 0,
    cancelId: buttons.length - 1,
    noLink: true,
    ...(detail === undefined ? {} : { detail }),
  }
  const [window] = BrowserWindow.getAllWindows()
  return (await (window ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options))).response
}

const say = (message: string, detail?: string): Promise<number> => ask(message, ['OK'], detail)
