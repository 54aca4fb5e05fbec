import { MessageChannelMain, utilityProcess, type UtilityProcess, type WebContents } from 'electron'
import { decodeError } from '@contract/errorCodec'
import { labToMain, shellChannels, type MainToLab } from '@contract/processes'

const stopGraceMs = 20_000
const restartDelayMs = 500
const restartLimit = 5

export interface Supervisor {
  /** Sends a window a fresh line to the lab. */
  connect(contents: WebContents): void
  isBusy(): boolean
  /** Asks the lab to stop at its next safe point; resolves when its process is gone. */
  stop(): Promise<void>
}

/** Keeps one lab process alive and forks job processes for it; main never computes. */
export function startSupervisor(options: {
  labEntry: string
  jobEntry: string
  labArguments: readonly string[]
  /** The lab cannot start at all; the message is for the user. */
  onFailed: (message: string) => void
  onBusy: (busy: boolean) => void
}): Supervisor {
  let lab: UtilityProcess
  let ready: Promise<void>
  let stopping = false
  let busy = false
  let restarts = 0
  let announceExit: () => void = () => {}
  const exited = new Promise<void>((resolve) => (announceExit = resolve))
  const jobs = new Map<number, UtilityProcess>()

  const tell = (message: MainToLab, ports: Electron.MessagePortMain[] = []): void => lab.postMessage(message, ports)
  const setBusy = (next: boolean): void => {
    if (next === busy) return
    busy = next
    options.onBusy(busy)
  }

  function start(): void {
    const child = utilityProcess.fork(options.labEntry, [...options.labArguments], { serviceName: 'Querent lab', stdio: 'inherit' })
    lab = child
    ready = new Promise((resolve) => {
      child.on('message', (raw: unknown) => {
        const parsed = labToMain.safeParse(raw)
        if (!parsed.success) return
        const message = parsed.data
        if (message.type === 'ready') resolve()
        else if (message.type === 'failed') {
          stopping = true
          options.onFailed(decodeError(message.error).message)
        } else if (message.type === 'spawn-job') spawnJob(message.id)
        else if (message.type === 'kill-job') jobs.get(message.id)?.kill()
        else if (message.type === 'busy') setBusy(message.busy)
      })
    })
    child.on('exit', (code) => {
      jobs.forEach((job) => job.kill()) // their lines ended with the lab
      jobs.clear()
      setBusy(false)
      if (stopping) return announceExit()
      restarts += 1
      if (restarts > restartLimit) return options.onFailed(`The lab process ended ${restarts} times (last exit code ${code}).`)
      // Windows notice that their line closed and ask for a new one; unfinished runs are offered for continuing.
      setTimeout(start, restartDelayMs)
    })
  }

  function spawnJob(id: number): void {
    const job = utilityProcess.fork(options.jobEntry, [], { serviceName: 'Querent job', stdio: ['ignore', 'inherit', 'inherit'] })
    jobs.set(id, job)
    const { port1, port2 } = new MessageChannelMain()
    job.postMessage({ type: 'port' }, [port1])
    tell({ type: 'job', id, ...(job.pid === undefined ? {} : { pid: job.pid }) }, [port2])
    job.on('exit', (code) => {
      if (jobs.delete(id)) tell({ type: 'job-exit', id, code })
    })
  }

  start()
  return {
    connect: (contents) =>
      void ready.then(() => {
        if (contents.isDestroyed()) return
        const { port1, port2 } = new MessageChannelMain()
        tell({ type: 'client' }, [port1])
        contents.postMessage(shellChannels.labPort, null, [port2])
      }),
    isBusy: () => busy,
    stop: async () => {
      if (stopping) return exited
      stopping = true
      tell({ type: 'stop' })
      const timer = setTimeout(() => lab.kill(), stopGraceMs)
      await exited
      clearTimeout(timer)
    },
  }
}
