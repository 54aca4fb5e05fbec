// Which packages ship with the app and what they allow: the dependencies, and what is bundled into the pages.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Development dependencies whose code ends up in the app. */
const bundled = [
  'vue',
  'pinia',
  'vue-router',
  'reka-ui',
  '@vueuse/core',
  '@tanstack/vue-table',
  '@tanstack/vue-virtual',
  'lucide-vue-next',
  '@tensorflow/tfjs',
  'electron',
]

/** Sorted by name: `{ name, version, licence, text }`, text empty where a package has no licence file. */
export function licencesIn(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const shipped = new Set(Object.keys(packages).filter((path) => path.startsWith('node_modules/') && !packages[path].dev))
  const follow = (path) => {
    if (shipped.has(path)) return
    shipped.add(path)
    // Electron's own dependencies download it; they are not part of it.
    if (path === 'node_modules/electron') return
    for (const name of Object.keys(packages[path].dependencies ?? {})) {
      const inner = `${path}/node_modules/${name}`
      const outer = `node_modules/${name}`
      if (packages[inner]) follow(inner)
      else if (packages[outer]) follow(outer)
    }
  }
  for (const name of bundled) if (packages[`node_modules/${name}`]) follow(`node_modules/${name}`)
  const seen = new Map()
  for (const path of shipped) {
    const folder = join(root, path)
    if (!existsSync(join(folder, 'package.json'))) continue // another platform's
    const { name, version, license, licenses } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const licence = typeof license === 'string' ? license : (license?.type ?? licenses?.map(({ type }) => type).join(' or ') ?? 'see text')
    const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.|-|$)/i.test(entry))
    const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim()
    seen.set(`${name}@${version}`, { name, version, licence, text })
  }
  return [...seen.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1))
}
