import { onBeforeUnmount, shallowReactive } from 'vue'

export interface Shortcut {
  /** `mod` is ⌘ on a Mac and Ctrl elsewhere: `mod+k`, `mod+shift+z`, `/`, `t` */
  readonly keys: string
  readonly label: string
  readonly run: (event: KeyboardEvent) => void
  /** also while typing in a field; implied by `mod` */
  readonly whileTyping?: boolean
  /** whether it is meant now; else the keys go to another that has them */
  readonly when?: () => boolean
}

const registered = shallowReactive(new Set<Shortcut>())

export const isMac = /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? '')

const glyphs: Readonly<Record<string, string>> = { enter: '↵', escape: 'Esc', space: 'Space', arrowleft: '←', arrowright: '→' }

/** How a shortcut is written for people: ⌘K on a Mac, Ctrl K elsewhere. */
export function formatKeys(keys: string, mac = isMac): string {
  const parts = keys.split('+')
  const key = parts.at(-1) ?? ''
  const name = glyphs[key] ?? (key.length === 1 ? key.toUpperCase() : key)
  const shift = parts.includes('shift')
  const mod = parts.includes('mod')
  if (mac) return `${shift ? '⇧' : ''}${mod ? '⌘' : ''}${name}`
  return [mod ? 'Ctrl' : '', shift ? 'Shift' : '', name].filter(Boolean).join(' ')
}

export function matches(keys: string, event: KeyboardEvent, mac = isMac): boolean {
  const parts = keys.split('+')
  const key = parts.at(-1) ?? ''
  const mod = mac ? event.metaKey : event.ctrlKey
  if (parts.includes('mod') !== mod || event.altKey) return false
  const pressed = event.key === ' ' ? 'space' : event.key.toLowerCase()
  // Characters like `?` carry Shift on some layouts and not on others.
  if (/^[a-z0-9]$/.test(key) || key.length > 1) if (parts.includes('shift') !== event.shiftKey) return false
  return pressed === key
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) && !isToggle(target)
const isToggle = (target: HTMLElement): boolean =>
  target instanceof HTMLInputElement && ['checkbox', 'radio', 'range'].includes(target.type)

/** Runs the newest shortcut that fits; call once, on the window. */
export function dispatchShortcut(event: KeyboardEvent): void {
  // A radio button takes Enter from everyone, whatever is held down with it.
  const isCommand = event.key === 'Enter' && (event.ctrlKey || event.metaKey)
  if ((event.defaultPrevented && !isCommand) || event.isComposing) return
  const typing = isTyping(event.target)
  // A dialog or menu owns the keyboard while it is open.
  const layered = document.querySelector(
    '[role="dialog"][data-state="open"], [role="menu"][data-state="open"], [role="listbox"][data-state="open"]',
  )
  for (const shortcut of [...registered].reverse()) {
    if (!matches(shortcut.keys, event) || shortcut.when?.() === false) continue
    const mod = shortcut.keys.includes('mod+')
    if ((typing && !mod && !shortcut.whileTyping) || (layered && !mod)) continue
    event.preventDefault()
    shortcut.run(event)
    return
  }
}

/** Registers shortcuts for as long as the calling component lives. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  for (const shortcut of shortcuts) registered.add(shortcut)
  onBeforeUnmount(() => shortcuts.forEach((shortcut) => registered.delete(shortcut)))
}

/** What the shortcut would do, for menus of the shell; the newest registration wins. */
export function runShortcut(keys: string): void {
  const shortcut = [...registered].reverse().find((candidate) => candidate.keys === keys && candidate.when?.() !== false)
  shortcut?.run(new KeyboardEvent('keydown'))
}

export const registeredShortcuts = (): readonly Shortcut[] => [...registered]
