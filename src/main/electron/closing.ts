import { BrowserWindow, dialog } from 'electron'

/** Decides with the user what closing means while an experiment runs. */
export interface Closing {
  setBusy(busy: boolean): void
  /** Asks before this window closes. */
  watch(window: BrowserWindow): void
  /** Resolves to whether the app may end; a running experiment then stops at its next round. */
  mayQuit(): Promise<boolean>
}

const choices = ['Keep in the background', 'Stop at the next round', 'Cancel']

export function createClosing(platform: NodeJS.Platform): Closing {
  let busy = false
  let agreed = false
  let asking: Promise<'keep' | 'stop' | 'cancel'> | undefined
  const hidden = new Set<BrowserWindow>()

  /** One question at a time, whoever asks. */
  function ask(): Promise<'keep' | 'stop' | 'cancel'> {
    const [window] = BrowserWindow.getAllWindows()
    const question = {
      type: 'question' as const,
      title: 'Querent',
      message: 'An experiment is running.',
      detail:
        'In the background it goes on without a window, and says when it has finished. Stopped, it keeps every finished round, and the next start offers to go on from there.',
      buttons: choices,
      defaultId: 0,
      cancelId: 2,
      noLink: true,
    }
    asking ??= (window ? dialog.showMessageBox(window, question) : dialog.showMessageBox(question))
      .then(({ response }) => (['keep', 'stop', 'cancel'] as const)[response] ?? 'cancel')
      .finally(() => (asking = undefined))
    return asking
  }
  const hide = (window: BrowserWindow): void => {
    hidden.add(window)
    window.hide()
  }

  return {
    setBusy: (next) => {
      busy = next
      if (busy) return
      // Nobody could reach an app without a window: it comes back, behind the others.
      for (const window of hidden) if (!window.isDestroyed() && !window.isVisible()) window.showInactive()
      hidden.clear()
    },
    watch: (window) => {
      window.on('show', () => hidden.delete(window))
      window.on('close', (event) => {
        // Where apps live on without a window, closing one ends nothing.
        if (!busy || agreed || platform === 'darwin') return
        event.preventDefault()
        void ask().then((choice) => {
          if (choice === 'keep') hide(window)
          if (choice !== 'stop') return
          agreed = true
          window.close()
        })
      })
    },
    mayQuit: async () => {
      if (!busy || agreed) return true
      const choice = await ask()
      if (choice === 'keep') BrowserWindow.getAllWindows().forEach(hide)
      agreed = choice === 'stop'
      return agreed
    },
  }
}
