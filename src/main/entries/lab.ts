import { availableParallelism } from 'node:os'
import process from 'node:process'
import { encodeError } from '@contract/errorCodec'
import { mainToLab, type LabToMain } from '@contract/processes'
import { QuerentError } from '@engine/core/errors'
import { openLab } from '../node/openLab'
import { labPort, parentPort } from '../node/jobs/parentPort'
import { utilitySpawner } from '../node/jobs/utility'

// The lab of the desktop app: a utility process that Electron's main process forks.
if (parentPort === undefined) throw new QuerentError('bad-usage', 'this entry runs inside the desktop app; use `querent serve` elsewhere')
const parent = parentPort
const tell = (message: LabToMain): void => parent.postMessage(message)

const opening = openLab({
  workspace: process.argv[2],
  transport: 'electron',
  runtime: `Electron ${process.versions.electron ?? '(unknown)'}`,
  spawner: utilitySpawner(parent),
  cores: availableParallelism(),
  onBusy: (busy) => tell({ type: 'busy', busy }),
  onNotice: ({ title, message }) => tell({ type: 'notice', title, message }),
})
// Heard from the start: the app may be closed while the lab still opens.
parent.on('message', ({ data, ports }) => {
  const message = mainToLab.safeParse(data).data
  if (message?.type === 'client') void opening.then((lab) => lab.attach(labPort(ports[0])))
  else if (message?.type === 'stop') void opening.then((lab) => lab.dispose()).finally(() => process.exit(0))
})
opening.then(
  () => tell({ type: 'ready' }), // main sends windows' lines only after this word
  (error: unknown) => tell({ type: 'failed', error: encodeError(error) }),
)
