import { app, session, shell } from 'electron'

export const appOrigin = 'app://querent'

/** Our own pages: the built renderer, or the development server of an unpackaged app. */
export function isOwnPage(url: string | undefined, developmentUrl: string | undefined): boolean {
  if (url === undefined) return false
  try {
    const { protocol, host, origin } = new URL(url)
    if (protocol === 'app:') return host === 'querent'
    return developmentUrl !== undefined && origin === new URL(developmentUrl).origin
  } catch {
    return false
  }
}

/** No page leaves the app, no popup opens in it, no permission but writing to the clipboard is granted. */
export function guardContents(developmentUrl: string | undefined): void {
  app.on('web-contents-created', (_event, contents) => {
    const keepInside = (event: { url: string; preventDefault(): void }): void => {
      if (!isOwnPage(event.url, developmentUrl)) event.preventDefault()
    }
    contents.on('will-navigate', keepInside)
    contents.on('will-redirect', keepInside)
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.setWindowOpenHandler(({ url }) => {
      if (url.startsWith('https://')) void shell.openExternal(url)
      return { action: 'deny' }
    })
  })
}

export function guardPermissions(): void {
  const granted = 'clipboard-sanitized-write'
  session.defaultSession.setPermissionRequestHandler((_contents, permission, answer) => answer(permission === granted))
  session.defaultSession.setPermissionCheckHandler((_contents, permission) => permission === granted)
  session.defaultSession.setDevicePermissionHandler(() => false)
}
