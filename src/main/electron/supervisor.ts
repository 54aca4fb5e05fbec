import { MessageChannelMain, utilityProcess, type MessagePortMain, type UtilityProcess, type WebContents } from 'electron'
import { decodeError } from '@contract/errorCodec'
import { labToMain, type MainToLab } from '@contract/processes'
import { shellChannels } from '@contract/shell'

const stopGraceMs = 20_000
const restartDelayMs = 500
/** restarts in a row before giving up; a lab that lived for a minute starts the count anew */
const restartLimit = 5
const steadyMs = 60_000
const keptStderr = 4_000

export interface Supervisor {
  /** Sends a window a fresh line to the lab, as soon as there is one. */
  connect(contents: WebContents): void
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
  onNotice: (notice: { readonly title: string; readonly message: string }) => void
}): Supervisor {
  let lab: UtilityProcess | null = null
  let isReady = false
  let isStopping = false
  let isBusy = false
  let restarts = 0
  let restartTimer: ReturnType<typeof setTimeout> | undefined
  let announceGone: () => void = () => {}
  const gone = new Promise<void>((resolve) => (announceGone = resolve))
  const waiting = new Set<WebContents>()
  const jobs = new Map<number, UtilityProcess>()

  const tell = (message: MainToLab, ports: MessagePortMain[] = []): void => lab?.postMessage(message, ports)
  const setBusy = (next: boolean): void => {
    if (next !== isBusy) options.onBusy(next)
    isBusy = next
  }
  const handLine = (contents: WebContents): void => {
    if (contents.isDestroyed()) return
    const { port1, port2 } = new MessageChannelMain()
    tell({ type: 'client' }, [port1])
    contents.postMessage(shellChannels.labPort, null, [port2])
  }

  function start(): void {
    lab = utilityProcess.fork(options.labEntry, [...options.labArguments], { serviceName: 'Querent lab', stdio: 'inherit' })
    const steady = setTimeout(() => (restarts = 0), steadyMs)
    lab.on('message', (raw: unknown) => {
      const message = labToMain.safeParse(raw).data
      switch (message?.type) {
        case 'ready':
          isReady = true
          waiting.forEach(handLine)
          return waiting.clear()
        case 'failed':
          isStopping = true
          return options.onFailed(decodeError(message.error).message)
        case 'spawn-job':
          return spawnJob(message.id)
        case 'kill-job':
          return void jobs.get(message.id)?.kill()
        case 'busy':
          return setBusy(message.busy)
        case 'notice':
          // What the lab says of its own start, the window shows.
          return isReady ? options.onNotice(message) : undefined
      }
    })
    lab.on('error', () => undefined) // `exit` follows
    lab.on('exit', (code) => {
      clearTimeout(steady)
      lab = null
      isReady = false
      jobs.forEach((job) => job.kill()) // their lines ended with the lab
      jobs.clear()
      setBusy(false)
      if (isStopping) return announceGone()
      restarts += 1
      if (restarts > restartLimit) return options.onFailed(`The lab process ended ${restarts} times in a row (last exit code ${code}).`)
      // Windows notice that their line closed and ask for a new one; unfinished runs are offered for continuing.
      restartTimer = setTimeout(start, restartDelayMs)
    })
  }

  function spawnJob(id: number): void {
    const job = utilityProcess.fork(options.jobEntry, [...options.labArguments], {
      serviceName: 'Querent job',
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const isCurrent = (): boolean => jobs.get(id) === job // a restarted lab counts from the start
    let lastWords = ''
    jobs.set(id, job)
    job.stderr?.on('data', (text: Buffer) => {
      lastWords = `${lastWords}${text.toString('utf8')}`.slice(-keptStderr)
    })
    job.on('error', (type, location) => {
      lastWords += `\n${type}: ${location}`
    })
    job.on('spawn', () => {
      if (!isCurrent()) return
      const { port1, port2 } = new MessageChannelMain()
      job.postMessage(null, [port1])
      tell({ type: 'job', id, ...(job.pid === undefined ? {} : { pid: job.pid }) }, [port2])
    })
    job.on('exit', (code) => {
      if (!isCurrent()) return
      jobs.delete(id)
      tell({ type: 'job-exit', id, code, lastWords })
    })
  }

  start()
  return {
    connect: (contents) => {
      if (isReady) handLine(contents)
      else waiting.add(contents)
    },
    stop: async () => {
      if (!isStopping) {
        isStopping = true
        clearTimeout(restartTimer)
        if (lab === null) announceGone()
        else tell({ type: 'stop' })
      }
      const timer = setTimeout(() => lab?.kill(), stopGraceMs)
      await gone
      clearTimeout(timer)
    },
  }
}
