import { createApp, type App } from 'vue'
import { version } from '../../../../package.json'
import CrashScreen from '@/features/frame/CrashScreen.vue'
import { describeError } from './describeError'

/** Notices of the browser that are no errors of the page. */
const harmless = /^ResizeObserver loop/

/** Shows what went wrong when the workbench itself fails: errors of components, of scripts, and promises that nobody waits for. */
export function watchCrashes(app: App): void {
  let screen: App | null = null
  const show = (error: unknown, where: string): void => {
    console.error(error)
    if (screen) return // the first one tells most
    const root = document.body.appendChild(document.createElement('div'))
    const close = (): void => {
      screen?.unmount()
      screen = null
      root.remove()
    }
    screen = createApp(CrashScreen, { details: detailsOf(error, where), proceed: close })
    screen.mount(root)
    root.querySelector<HTMLElement>('button')?.focus()
  }
  app.config.errorHandler = (error, _instance, info) => show(error, info)
  const onError = (event: ErrorEvent): void => {
    if (!harmless.test(event.message)) show(event.error ?? event.message, 'script')
  }
  const onRejection = (event: PromiseRejectionEvent): void => show(event.reason, 'promise')
  window.addEventListener('error', onError)
  window.addEventListener('unhandledrejection', onRejection)
  app.onUnmount(() => {
    window.removeEventListener('error', onError)
    window.removeEventListener('unhandledrejection', onRejection)
  })
}

function detailsOf(error: unknown, where: string): string {
  const stack = error instanceof Error && error.stack ? `\n${error.stack}` : ''
  return [
    `${describeError(error).text}${stack}`,
    '',
    `Querent ${version}`,
    `where     ${where}`,
    `page      ${location.hash}`,
    `browser   ${navigator.userAgent}`,
  ].join('\n')
}
