import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { freemem, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import type { BackendReport, DoctorReport } from '@contract/types'
import { version } from '../../../package.json'
import { toQuerentError } from './errors'

/** What this machine offers: versions, backends, desktop runtime, display, memory, workspace. Looks only; changes nothing. */
export async function doctorReport({
  backends,
  workspace,
}: {
  readonly backends: { report(): Promise<readonly BackendReport[]> }
  readonly workspace: string
}): Promise<DoctorReport> {
  return {
    versions: versions(),
    backends: await backends.report(),
    electron: electron(),
    display: display(),
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    workspace: { path: workspace, ...writable(workspace) },
  }
}

const require_ = createRequire(import.meta.url)

function packageFile(name: string): string | undefined {
  try {
    return require_.resolve(`${name}/package.json`)
  } catch {
    return undefined
  }
}

export function versions(): Record<string, string> {
  const libraries = ['onnxruntime-node', 'onnxruntime-web', '@tensorflow/tfjs', 'electron'].flatMap((name) => {
    const file = packageFile(name)
    return file === undefined ? [] : [[name, (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version] as const]
  })
  return {
    querent: version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    ...Object.fromEntries(libraries),
  }
}

function electron(): DoctorReport['electron'] {
  if (process.versions.electron !== undefined) return { installed: true, reason: `running in Electron ${process.versions.electron}` }
  const file = packageFile('electron')
  if (file === undefined) return { installed: false, reason: 'the electron package is not installed' }
  const named = join(dirname(file), 'path.txt')
  if (!existsSync(named)) return { installed: false, reason: 'its binary was not fetched yet; npm start does that' }
  const binary = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(dirname(file), 'dist'), readFileSync(named, 'utf8'))
  return existsSync(binary) ? { installed: true, reason: binary } : { installed: false, reason: `${binary} is missing` }
}

function display(): DoctorReport['display'] {
  if (process.platform !== 'linux') return { available: true, reason: process.platform }
  const found = ['WAYLAND_DISPLAY', 'DISPLAY'].find((name) => process.env[name])
  if (found === undefined) return { available: false, reason: 'neither DISPLAY nor WAYLAND_DISPLAY is set' }
  return { available: true, reason: `${found}=${process.env[found]}` }
}

/** Whether the folder, or the nearest parent that exists, can be written to. */
function writable(folder: string): { writable: boolean; reason: string } {
  let place = folder
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  try {
    if (!statSync(place).isDirectory()) return { writable: false, reason: `${place} is a file` }
    accessSync(place, constants.W_OK)
    return { writable: true, reason: place === folder ? 'exists' : 'is created at the first start' }
  } catch (error) {
    return { writable: false, reason: `${place}: ${toQuerentError(error).message}` }
  }
}
