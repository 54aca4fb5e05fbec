import { BrowserWindow, Menu, type MenuItemConstructorOptions } from 'electron'
import { shellChannels, type MenuCommand } from '@contract/shell'
import type { Updates } from './updates'

/** The menu of the app. Items that are not the platform's own send their command to the page, which knows what they mean. */
export function applicationMenu(platform: NodeJS.Platform, updates: Updates): Menu {
  const mac = platform === 'darwin'
  const item = (label: string, command: MenuCommand, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    id: command,
    ...(accelerator === undefined ? {} : { accelerator }),
    click: (_item, window) => {
      if (window instanceof BrowserWindow) window.webContents.send(shellChannels.menu, command)
    },
  })
  const line: MenuItemConstructorOptions = { type: 'separator' }
  return Menu.buildFromTemplate([
    ...(mac ? [{ role: 'appMenu' } as const] : []),
    {
      label: '&File',
      submenu: [
        item('New project…', 'project.new', 'CmdOrCtrl+N'),
        item('Open…', 'project.open', 'CmdOrCtrl+O'),
        item('Save', 'study.save', 'CmdOrCtrl+S'),
        item('Save project as one file…', 'project.save', 'CmdOrCtrl+Shift+S'),
        line,
        { role: mac ? 'close' : 'quit' },
      ],
    },
    { role: 'editMenu' },
    { label: '&Run', submenu: [item('Start', 'run.start', 'CmdOrCtrl+Return'), item('Stop', 'run.stop', 'CmdOrCtrl+.')] },
    {
      // No reload: F5 must never throw work away.
      label: '&View',
      submenu: [
        item('Command palette…', 'palette.open', 'CmdOrCtrl+K'),
        line,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        line,
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        item('Keyboard shortcuts', 'help.shortcuts'),
        line,
        { label: 'Check for updates…', id: 'updates.check', click: () => void updates.check(false) },
        {
          label: 'Look for updates at start',
          id: 'updates.atStart',
          type: 'checkbox',
          checked: updates.atStart,
          click: ({ checked }) => updates.setAtStart(checked),
        },
      ],
    },
  ])
}
