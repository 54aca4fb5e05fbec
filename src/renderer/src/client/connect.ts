import type { LabClient } from '@contract/commands'
import { openElectronPort } from './electronPort'
import { reconnectingClient } from './reconnecting'
import { openWebPort } from './webPort'

/** Connects this window to its lab: the desktop's message port where the preload offers one, else the loopback host. */
export function connect(): Promise<LabClient> {
  const requestLab = window.querent?.requestLab
  return reconnectingClient(requestLab ? () => openElectronPort(requestLab) : openWebPort)
}
