import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { describeError } from '@/client/describeError'

export interface Toast {
  readonly id: number
  readonly tone: 'note' | 'good' | 'bad'
  readonly title: string
  readonly text?: string
  readonly action?: { readonly label: string; readonly run: () => void }
}

/** Short messages about things that happened elsewhere on the screen. */
export const useMessages = defineStore('messages', () => {
  const toasts = shallowRef<readonly Toast[]>([])
  let next = 0

  const say = (toast: Omit<Toast, 'id'>): void => {
    toasts.value = [...toasts.value, { ...toast, id: next++ }].slice(-4)
  }
  const close = (id: number): void => {
    toasts.value = toasts.value.filter((toast) => toast.id !== id)
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
  return { toasts, say, close, quiet, fail, attempt }
})
