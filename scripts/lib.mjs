// Shared by the npm scripts; Node built-ins only, because nothing may be installed yet.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { licencesIn } from './licences.mjs'

export const root = fileURLToPath(new URL('..', import.meta.url))
const at = (...parts) => join(root, ...parts)
export const note = (text) => process.stderr.write(`${text}\n`)

/** Installs dependencies when the lockfile is not the one that node_modules was made from. */
export function ensureInstalled() {
  const wanted = createHash('sha256')
    .update(readFileSync(at('package-lock.json')))
    .digest('hex')
  const stamp = at('node_modules', '.querent-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  note('Installing dependencies (about half a minute) …')
  const npm = process.env.npm_execpath
  const [command, first] = npm ? [process.execPath, [npm]] : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []]
  const result = spawnSync(command, [...first, 'ci', '--no-fund', '--no-audit', '--loglevel', 'error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: !npm && process.platform === 'win32',
  })
  if (result.status !== 0) {
    note('The dependencies could not be installed; the lines above say why. A network that reaches the npm registry is needed once.')
    process.exit(1)
  }
  writeFileSync(stamp, wanted)
}

function* filesUnder(path) {
  if (!statSync(path).isDirectory()) return yield path
  for (const entry of readdirSync(path).sort()) yield* filesUnder(join(path, entry))
}

function sourceHash() {
  const hash = createHash('sha256')
  for (const part of ['src', 'package.json', 'package-lock.json', 'electron.vite.config.ts', 'scripts/aliases.mjs', 'scripts/inlineScript.mjs', 'scripts/licences.mjs'])
    for (const file of filesUnder(at(part))) hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0')
  return hash.digest('hex')
}

const stampFile = at('out', '.stamp')
const isFresh = (wanted) => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted

/** Builds `out/` when the sources changed; into a temporary folder first, so that a broken build never replaces a good one. */
export async function ensureBuilt() {
  if (isFresh(sourceHash())) return
  const unlock = await lock(at('node_modules', '.querent-build-lock'))
  try {
    const wanted = sourceHash()
    if (isFresh(wanted)) return
    note('Building …')
    const fresh = at(`out-${process.pid}`)
    const cli = at('node_modules', 'electron-vite', 'bin', 'electron-vite.js')
    const result = spawnSync(process.execPath, [cli, 'build', '--outDir', fresh, '--logLevel', 'warn'], { cwd: root, encoding: 'utf8' })
    if (result.status !== 0) {
      rmSync(fresh, { recursive: true, force: true })
      note(`${result.stdout}${result.stderr}\nThe build failed.`)
      process.exit(1)
    }
    writeFileSync(join(fresh, 'licences.json'), JSON.stringify(licencesIn(root)))
    writeFileSync(join(fresh, '.stamp'), wanted)
    rmSync(at('out'), { recursive: true, force: true })
    renameSync(fresh, at('out'))
  } finally {
    unlock()
  }
}

async function lock(folder) {
  for (;;) {
    try {
      mkdirSync(folder)
      writeFileSync(join(folder, 'pid'), String(process.pid))
      return () => rmSync(folder, { recursive: true, force: true })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      if (!holderLives(folder)) rmSync(folder, { recursive: true, force: true })
      else await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

function holderLives(folder) {
  try {
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 0)
    return true
  } catch (error) {
    // The pid is written right after the folder is made; a fresh folder without one is being taken.
    return error.code === 'EPERM' || (error.code === 'ENOENT' && existsSync(folder) && Date.now() - statSync(folder).mtimeMs < 5000)
  }
}

/** Runs a program with our stdio and hands its signals on; resolves to its exit code. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options })
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
    child.on('error', (error) => resolve({ code: 1, error }))
    child.on('exit', (code, signal) => resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 1), signal }))
  })
}

export { at }
