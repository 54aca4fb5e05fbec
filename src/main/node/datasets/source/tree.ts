import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { createGunzip } from 'node:zlib'
import { badInput } from '@engine/core/errors'
import { withFile } from '../../errors'
import { baseName, diskFile, type InputFile } from './inputFile'
import { spool, unpackedLimit, type Scratch } from './scratch'
import { indexTar, isTar } from './tar'
import { indexZip, isZip } from './zip'

/** Everything that an import was given, archives opened, sorted by name. */
export interface FileTree {
  /** what to call it: base name of the first path, without endings */
  readonly name: string
  readonly files: readonly InputFile[]
  /** hidden files and folders (ending in /) that are not read; those that systems leave behind are not told of */
  readonly passedOver: readonly string[]
  /** A file by a path that another file mentions, as seen from that file; null when there is none. */
  mentioned(path: string, by: InputFile): Promise<InputFile | null>
}

const hidden = /(^|\/)(\.|__MACOSX(\/|$)|Thumbs\.db$|desktop\.ini$)/i
/** What systems and tools add to any folder. */
const leftBehind = /(^|\/)(\.DS_Store|\._[^/]*|__MACOSX\/|Thumbs\.db|desktop\.ini|\.git\/|\.git[a-z]+|\.cache\/|\.directory)$/i

/** Opens files, folders and archives (zip, tar, gzip; archives inside folders too). */
export async function openTree(paths: readonly string[], scratch: Scratch): Promise<FileTree> {
  if (paths.length === 0) throw badInput('nothing to import', { expected: 'files or folders' })
  const found: InputFile[] = []
  const passed = new Set<string>()
  const folderOf = new Map<InputFile, string>()
  for (const path of paths) {
    const info = await withFile(path, () => stat(path))
    const files = info.isDirectory() ? await filesBelow(path, passed) : [diskFile(path, basename(path), info.size)]
    for (const file of files)
      for (const opened of await openArchive(file, scratch)) {
        found.push(opened)
        if (!info.isDirectory() && opened.name === file.name) folderOf.set(opened, dirname(resolve(path)))
      }
  }
  for (const { name } of found) {
    // The first hidden part says it for all below it.
    const at = hidden.exec(name)
    if (at !== null) passed.add(name.slice(0, name.indexOf('/', at.index + 1) + 1 || name.length))
  }
  const files = found.filter(({ name }) => !hidden.test(name)).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  if (files.length === 0)
    throw badInput(`${paths[0]}: no files`, {
      file: paths[0],
      ...(passed.size > 0 && { found: `only hidden ones: ${[...passed].slice(0, 5).join(', ')}` }),
      expected: 'at least one file',
    })
  const byName = new Map(files.map((file) => [file.name, file]))
  return {
    name: withoutEndings(basename(resolve(paths[0]))),
    files,
    passedOver: [...passed].filter((name) => !leftBehind.test(name)).sort(),
    mentioned: async (path, by) => {
      const parts = [...by.name.split('/').slice(0, -1), ...path.split(/[/\\]/)]
      const clean: string[] = []
      for (const part of parts) {
        if (part === '..') clean.pop()
        else if (part !== '.' && part !== '') clean.push(part)
      }
      const inside = byName.get(clean.join('/'))
      if (inside !== undefined) return inside
      // A table on disk may mention files beside it; never those outside its folder.
      const folder = folderOf.get(by)
      if (folder === undefined || isAbsolute(path)) return null
      const full = resolve(folder, path)
      const seen = relative(folder, await realpath(full).catch(() => full))
      if (seen.startsWith('..') || isAbsolute(seen)) return null
      const info = await stat(full).catch(() => null)
      return info?.isFile() ? diskFile(full, seen.split(sep).join('/'), info.size) : null
    },
  }
}

/** Only the files and folders (ending in /) that `take` names by the end of their path, under the names it gives them. */
export function takeFrom(tree: FileTree, take: Readonly<Record<string, string>> | undefined): FileTree {
  if (take === undefined) return tree
  const wanted = Object.entries(take).map(([part, name]) => ({ part, name, matches: endOf(part), count: 0 }))
  const files = tree.files.flatMap((file) => {
    for (const entry of wanted) {
      const [, before, own = ''] = entry.matches.exec(`/${file.name}`) ?? []
      if (before === undefined) continue
      entry.count++
      return [{ ...file, name: before.slice(1) + (entry.part.endsWith('/') ? entry.name + own : entry.name.replace('*', () => own)) }]
    }
    return []
  })
  const missing = wanted.find(({ count }) => count === 0)
  if (missing !== undefined)
    throw badInput(`${tree.name}: there is no ${missing.part} in it`, {
      file: tree.name,
      found: tree.files
        .slice(0, 10)
        .map(({ name }) => name)
        .join(', '),
      expected: wanted.map(({ part }) => part).join(', '),
    })
  return { ...tree, files }
}

/** What stands before such a part of a path, and what a folder holds or a * stands for. */
function endOf(part: string): RegExp {
  const words = part.split('*').map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  return new RegExp(part.endsWith('/') ? `^(.*?/)${words[0]}(.*)$` : `^(.*/)${words.join('([^/]*)')}$`, 's')
}

/** Finds files by their name without folder, with or without its ending; null where several are called so. */
export function byOwnName(files: readonly InputFile[]): (name: string) => InputFile | null {
  const found = new Map<string, InputFile | null>()
  for (const file of files) {
    const own = baseName(file.name)
    for (const name of new Set([own, own.replace(/\.[^.]*$/, '')])) found.set(name, found.has(name) ? null : file)
  }
  return (name) => found.get(name) ?? null
}

/** A name without the endings of formats and packers. */
export const withoutEndings = (name: string): string =>
  name.replace(
    /(\.(gz|tgz|tar|zip|npy|npz|csv|tsv|txt|jsonl|ndjson|json|parquet|arrow|feather|arff|libsvm|svm|mat|safetensors|data|bin))+$/i,
    '',
  ) || name

async function filesBelow(root: string, passed: Set<string>): Promise<InputFile[]> {
  const files: InputFile[] = []
  const seen = new Set<string>() // a link may point upwards
  const visit = async (folder: string, prefix: string): Promise<void> => {
    const real = await realpath(folder)
    if (seen.has(real)) return
    seen.add(real)
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const name = prefix + entry.name
      if (hidden.test(name)) {
        passed.add(entry.isDirectory() ? `${name}/` : name)
        continue
      }
      const path = join(folder, entry.name)
      const info = await stat(path).catch(() => null) // a dangling link
      if (info?.isDirectory()) await visit(path, `${name}/`)
      else if (info?.isFile()) files.push(diskFile(path, name, info.size))
    }
  }
  await withFile(root, () => visit(root, ''))
  return files
}

const headBytes = 512

/** The files of an archive; the file itself when it is none (`.npz` files stay whole). */
async function openArchive(file: InputFile, scratch: Scratch): Promise<readonly InputFile[]> {
  if (!/\.(gz|tgz|tar|zip|npz|pth?|ckpt)$/i.test(file.name) && !/^[^.]*$/.test(file.name)) return [file]
  const head = await file.read(0, headBytes)
  if (head[0] === 0x1f && head[1] === 0x8b) {
    const name = file.name.replace(/\.tgz$/i, '.tar').replace(/\.gz$/i, '')
    const limit = unpackedLimit(file.size)
    const unpacked = await spool(file.stream(), createGunzip(), { name, scratch, limit, packedBytes: file.size })
    return isTar(await unpacked.read(0, headBytes)) ? filesInArchive(await indexTar(unpacked), scratch) : [unpacked]
  }
  if (isZip(head)) {
    const entries = await indexZip(file, scratch)
    const isArrays = entries.length > 0 && entries.every(({ name }) => name.endsWith('.npy') && !hidden.test(name))
    const isCheckpoint = entries.some(({ name }) => name.endsWith('data.pkl'))
    return isArrays || isCheckpoint ? [file] : filesInArchive(entries, scratch)
  }
  return isTar(head) ? filesInArchive(await indexTar(file), scratch) : [file]
}

/** Archives hold packed files (IDX), seldom archives: one level is opened. */
async function filesInArchive(entries: readonly InputFile[], scratch: Scratch): Promise<InputFile[]> {
  const files: InputFile[] = []
  for (const entry of entries) {
    if (hidden.test(entry.name) || !/\.gz$/i.test(entry.name)) files.push(entry)
    else
      files.push(
        await spool(entry.stream(), createGunzip(), {
          name: entry.name.replace(/\.gz$/i, ''),
          scratch,
          limit: unpackedLimit(entry.size),
          packedBytes: entry.size,
        }),
      )
  }
  return files
}
