import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { describeError } from '@/client/describeError'

export interface Toast {
  readonly id: number
  readonly tone: 'note' | 'good' | 'bad'
  readonly title: string
  readonly text?: string
  readonly action?: { readonly label: string; readonly run: () => void }
  /** the action stays among the notices when the message is gone: it brings back what was deleted */
  readonly lasting?: boolean
}

/** What every deletion says beside its Undo. */
export const keptText = 'Undo here, or bring it back later in Settings.'

/** Most actions that stay among the notices. */
const mostLasting = 20

/** Short messages about things that happened elsewhere on the screen. */
export const useMessages = defineStore('messages', () => {
  const toasts = shallowRef<readonly Toast[]>([])
  /** newest first */
  const lasting = shallowRef<readonly Toast[]>([])
  let next = 0

  const close = (id: number): void => {
    toasts.value = toasts.value.filter((toast) => toast.id !== id)
  }
  const forget = (id: number): void => {
    lasting.value = lasting.value.filter((toast) => toast.id !== id)
  }
  const say = (toast: Omit<Toast, 'id'>): void => {
    const id = next++
    const { action } = toast
    const run = (): void => {
      close(id)
      forget(id)
      action?.run()
    }
    const said: Toast = { ...toast, id, action: action && { ...action, run } }
    toasts.value = [...toasts.value, said].slice(-4)
    if (toast.lasting) lasting.value = [said, ...lasting.value].slice(0, mostLasting)
  }
  /** Puts away what asks for nothing: its owner is being read elsewhere. */
  const quiet = (): void => {
    toasts.value = toasts.value.filter((toast) => toast.action)
  }
  const fail = (title: string, error: unknown): void => {
    const { message, details } = describeError(error)
    say({ tone: 'bad', title, text: details ? `${message}\n${details}` : message })
  }
  /** Runs an action of the user; a failure becomes a message and `undefined`. */
  const attempt = async <T>(title: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      fail(title, error)
      return undefined
    }
  }
  return { toasts, lasting, say, close, forget, quiet, fail, attempt }
})
