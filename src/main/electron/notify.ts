import { BrowserWindow, Notification } from 'electron'

/** Tells the user through the system, unless the app is what is looked at: there the page says it. */
export function notifyUnseen({ title, message }: { readonly title: string; readonly message: string }): void {
  if (BrowserWindow.getFocusedWindow() !== null || !Notification.isSupported()) return
  const notification = new Notification({ title, body: message })
  notification.on('click', () => {
    const [window] = BrowserWindow.getAllWindows()
    window?.show()
    window?.focus()
  })
  notification.show()
}
