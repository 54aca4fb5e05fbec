import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

let folder: string | undefined

/** Path inside the `resources` folder that ships with the app, found upwards from this file: a checkout, a build or a package. */
export function resourcePath(...parts: string[]): string {
  folder ??= find(dirname(fileURLToPath(import.meta.url)))
  return join(folder, ...parts)
}

function find(from: string): string {
  const candidate = join(from, 'resources')
  if (existsSync(join(candidate, 'data', 'index.json'))) return candidate
  const parent = dirname(from)
  if (parent === from) throw new Error('the resources folder that ships with Querent is missing')
  return find(parent)
}
