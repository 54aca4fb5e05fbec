import process from 'node:process'
import { parentPort } from '../node/jobs/parentPort'
import type { FromJob, JobChannel, ToJob } from '../node/jobs/protocol'
import { serveJob } from '../node/jobs/serve'
import { createWorker } from '../node/jobs/worker'
import { featuresOf, libraryOf, modelsOf } from '../node/workspace/location'

// A job belongs to one workspace: studies name its imported data sets.
const workspace = process.argv.at(2)
const worker =
  workspace === undefined
    ? createWorker()
    : createWorker(libraryOf(workspace), { features: featuresOf(workspace), models: modelsOf(workspace) })

// Ctrl-C in a terminal reaches the whole group; the host decides how its jobs end.
process.on('SIGINT', () => undefined)

if (parentPort === undefined) {
  const channel: JobChannel = {
    send: (message: FromJob) => void process.send?.(message),
    onMessage: (listener) => void process.on('message', (message) => listener(message as ToJob)),
  }
  // Without its host a job has nobody to work for.
  process.on('disconnect', () => process.exit(0))
  serveJob(channel, worker)
} else {
  // The desktop's main process hands over one end of the line to the lab.
  parentPort.on('message', ({ ports: [port] }) => {
    port.on('close', () => process.exit(0))
    serveJob(
      {
        send: (message) => port.postMessage(message),
        onMessage: (listener) => {
          port.on('message', ({ data }) => listener(data as ToJob))
          port.start()
        },
      },
      worker,
    )
  })
}
