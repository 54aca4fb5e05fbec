// `npm start`: the desktop app where it can run, the same workbench in the browser where it cannot.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { at, ensureBuilt, ensureInstalled, note, root, run } from './lib.mjs'

const downloadLimitMs = 5 * 60_000
const readyLimitMs = 30_000

ensureInstalled()
await ensureBuilt()

const reason = missingDisplay() ?? (await missingElectron()) ?? (await runElectron())
if (reason) {
  note(`${reason} Opening the workbench in the browser instead.`)
  const { code } = await run(process.execPath, [at('bin', 'querent.mjs'), 'serve', '--open'])
  process.exit(code)
}

function missingDisplay() {
  if (process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY) return undefined
  return 'No display here.'
}

function electronBinary() {
  if (process.env.ELECTRON_EXEC_PATH) return process.env.ELECTRON_EXEC_PATH
  const folder = at('node_modules', 'electron')
  const named = join(folder, 'path.txt')
  if (!existsSync(named)) return undefined
  const binary = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), readFileSync(named, 'utf8'))
  return existsSync(binary) ? binary : undefined
}

/** Fetches the Electron binary on the first start; says why when it cannot be had. */
async function missingElectron() {
  if (electronBinary()) return undefined
  note('Fetching the desktop runtime (Electron, about 120 MB, once) …')
  const electron = createRequire(at('node_modules', 'electron', 'package.json'))
  const { downloadArtifact } = electron('@electron/get')
  let shown = -1
  const showProgress = async ({ percent, transferred, total }) => {
    const whole = Math.floor((percent ?? 0) * 100)
    if (whole === shown) return
    shown = whole
    const megabytes = (bytes) => (bytes / 1e6).toFixed(0)
    const line = `  ${whole} % · ${megabytes(transferred)}${total ? ` of ${megabytes(total)}` : ''} MB`
    if (process.stderr.isTTY) process.stderr.write(`\r${line}`)
    else if (whole % 10 === 0) note(line)
  }
  try {
    await withLimit(
      downloadArtifact({
        version: electron('./package.json').version,
        artifactName: 'electron',
        platform: process.platform,
        arch: process.arch,
        checksums: electron('./checksums.json'),
        downloadOptions: { quiet: true, getProgressCallback: showProgress },
      }),
      downloadLimitMs,
    )
    if (process.stderr.isTTY && shown >= 0) process.stderr.write('\n')
    // The download is in the cache now; Electron's own script unpacks it.
    const { code } = await run(process.execPath, [at('node_modules', 'electron', 'install.js')])
    if (code === 0 && electronBinary()) return undefined
    return 'The desktop runtime could not be unpacked.'
  } catch (error) {
    return `The desktop runtime could not be fetched (${error.cause?.code ?? error.code ?? error.message}).`
  }
}

function withLimit(work, ms) {
  let timer
  const limit = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 60_000} minutes`)), ms)
  })
  return Promise.race([work, limit]).finally(() => clearTimeout(timer))
}

/** Runs the app; resolves to a reason when it died before it said that it is ready, and exits with it otherwise. */
function runElectron() {
  const sandbox = process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const child = spawn(electronBinary(), [root, ...sandbox, ...process.argv.slice(2)], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  let ready = false
  child.on('message', (message) => {
    if (message === 'ready') ready = true
  })
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      if (ready) return
      child.kill('SIGKILL')
      resolve(`The desktop window did not open within ${readyLimitMs / 1000} s.`)
    }, readyLimitMs)
    child.on('error', (error) => {
      clearTimeout(timer)
      resolve(`The desktop runtime did not start (${error.message}).`)
    })
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      if (ready) process.exit(code ?? 1)
      resolve(`The desktop runtime ended before its window was ready (${signal ?? `exit ${code}`}).`)
    })
  })
}
