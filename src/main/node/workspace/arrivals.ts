import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { zip, type AsyncZippable } from 'fflate'
import { z } from '@engine/core/zod'
import { badInput, QuerentError, unsupported } from '@engine/core/errors'
import type { ArrivalFiles, ProjectAbout } from '../../lab/arrivals'
import { describeStudy } from '../../lab/describeStudy'
import { diskFile, type InputFile } from '../datasets/source/inputFile'
import { createScratch } from '../datasets/source/scratch'
import { indexZip, isZip } from '../datasets/source/zip'
import { systemCode, withFile } from '../errors'
import { makeFolder, writeAtomic } from '../storage/files'
import { parseJson } from '../storage/schemas'

export const aboutFile = 'querent-project.json'
const mostStudyCharacters = 500_000
/** Bytes of results that one file may hold: it is made in memory. */
const mostPackedBytes = 2 ** 30
const mostFiles = 500_000

const instant = z.iso.datetime()
const aboutSchema = z.object({
  format: z.literal(1),
  name: z.string().trim().min(1).max(120),
  createdAt: instant,
  experiments: z
    .array(
      z.object({
        id: z.string().regex(/^[\w-]{1,80}$/),
        name: z.string().max(400),
        startedAt: instant,
        finishedAt: instant.nullable(),
        readOnly: z.boolean().optional(),
      }),
    )
    .max(10_000),
})

/** The files of a result folder that belong to it; a lock, half-written files and what was set aside do not. */
const isResult = (path: string): boolean =>
  /^(manifest\.json|study\.yaml|[\w-]+\.csv|runs\/[0-9a-f]{8,64}\/[\w-]+(\.\w{1,8})+)$/.test(path) && !/\.(tmp|lock)$|\.damaged-/.test(path)

/** Arrivals and departures on this machine's disk; zip archives are indexed through a work folder of `scratchParent`. */
export function arrivalFiles(scratchParent: string): ArrivalFiles {
  return {
    look,
    move: async (from, to) => {
      await withFile(to, () => makeFolder(dirname(to)))
      await rename(from, to)
    },
    unpack: async (path, folder) => {
      const { size } = await found(path)
      const scratch = await createScratch(scratchParent)
      try {
        const isFolder = (await stat(path)).isDirectory()
        const files = isFolder ? await filesIn(path) : await indexZip(diskFile(path, basename(path), size), scratch)
        return await unpack(files, basename(path), folder)
      } finally {
        await scratch.dispose()
      }
    },
    pack,
    remove: (folder) => rm(folder, { recursive: true, force: true }),
  }
}

async function found(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw new QuerentError('not-found', 'there is no such file or folder', { file: path })
    throw error
  }
}

async function look(path: string): ReturnType<ArrivalFiles['look']> {
  const expected = 'a study (.yaml, .yml, .json), a project file (.zip), a project folder, or a folder made by querent run'
  const info = await found(path)
  if (info.isDirectory()) {
    const names = await withFile(path, () => readdir(path))
    if (names.includes('manifest.json')) return { kind: 'results' }
    if (names.includes(aboutFile) || (names.includes('study.yaml') && names.includes('results'))) return { kind: 'project' }
    if (names.includes('study.yaml')) return studyAt(join(path, 'study.yaml'), basename(path))
    throw badInput('this folder holds nothing that can be opened', { file: path, expected })
  }
  if (/\.(ya?ml|json)$/i.test(path)) return studyAt(path, basename(path).replace(/\.\w+$/, ''))
  if (isZip(await headOf(path))) return { kind: 'project' }
  throw badInput('this file cannot be opened as a project', { file: path, expected })
}

async function headOf(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function studyAt(file: string, name: string): Promise<{ kind: 'study'; name: string; yaml: string }> {
  const { size } = await stat(file)
  if (size > 4 * mostStudyCharacters) throw badInput('this file is too large to be a study', { file, found: `${size} bytes` })
  const yaml = await readFile(file, 'utf8')
  checkStudySize(yaml, file)
  return { kind: 'study', name: describeStudy(yaml).name || name, yaml }
}

function checkStudySize(yaml: string, file: string): void {
  if (yaml.length > mostStudyCharacters)
    throw badInput('this file is too large to be a study', {
      file,
      found: `${yaml.length} characters`,
      expected: `at most ${mostStudyCharacters}`,
    })
}

/** Files of a project folder, named from it with `/`. */
async function filesIn(folder: string): Promise<InputFile[]> {
  const files: InputFile[] = []
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue // links could lead out of the folder
    const path = join(entry.parentPath, entry.name)
    files.push(diskFile(path, path.slice(folder.length + 1).replaceAll('\\', '/'), (await stat(path)).size))
    if (files.length > mostFiles)
      throw badInput('this folder has too many files to be a project', { file: folder, expected: `at most ${mostFiles}` })
  }
  return files
}

/** Only names that a project has are written; everything else of an archive is left in it. */
async function unpack(files: readonly InputFile[], title: string, folder: string): Promise<ProjectAbout> {
  const byName = new Map(files.map((file) => [file.name, file]))
  const textOf = async (name: string): Promise<string | null> => {
    const file = byName.get(name)
    if (file === undefined) return null
    if (file.size > 4 * mostStudyCharacters) throw badInput(`${title}: ${name} is too large`, { file: name, found: `${file.size} bytes` })
    return new TextDecoder().decode(await file.read(0, file.size))
  }
  const yaml = await textOf('study.yaml')
  if (yaml === null)
    throw badInput(`${title} is no project of Querent: it has no study.yaml`, { file: title, expected: 'study.yaml, results' })
  checkStudySize(yaml, 'study.yaml')
  const about = await textOf(aboutFile)
  const known: ProjectAbout =
    about === null ? aboutOf(files, describeStudy(yaml).name || title) : parseJson(`${title}/${aboutFile}`, about, aboutSchema)
  await withFile(folder, () => makeFolder(folder))
  await writeAtomic(join(folder, 'study.yaml'), yaml)
  for (const { id } of known.experiments) {
    const prefix = `results/${id}/`
    for (const file of files) {
      if (!file.name.startsWith(prefix) || !isResult(file.name.slice(prefix.length))) continue
      const target = join(folder, 'results', id, ...file.name.slice(prefix.length).split('/'))
      await withFile(target, async () => {
        await mkdir(dirname(target), { recursive: true })
        const handle = await open(target, 'wx')
        await pipeline(file.stream(), handle.createWriteStream())
      })
    }
  }
  return known
}

/** Of a project folder that says nothing of itself. */
function aboutOf(files: readonly InputFile[], name: string): ProjectAbout {
  const ids = new Set(files.flatMap((file) => /^results\/([\w-]{1,80})\/manifest\.json$/.exec(file.name)?.[1] ?? []))
  const now = new Date().toISOString()
  return {
    name: name.slice(0, 120),
    createdAt: now,
    experiments: [...ids].map((id) => ({ id, name: name.slice(0, 120), startedAt: now, finishedAt: now })),
  }
}

async function pack(about: ProjectAbout, yaml: string, folders: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const files: AsyncZippable = {
    [aboutFile]: new TextEncoder().encode(`${JSON.stringify({ format: 1, ...about }, null, 2)}\n`),
    'study.yaml': new TextEncoder().encode(yaml),
  }
  let bytes = 0
  for (const [id, folder] of Object.entries(folders)) {
    for (const file of await filesIn(folder).catch((error: unknown) => {
      throw systemCode(error) === 'ENOENT' ? gone(folder) : error
    })) {
      if (!isResult(file.name)) continue
      bytes += file.size
      if (bytes > mostPackedBytes)
        throw unsupported(
          'The results are larger than 1 GB, too much for one file. Save the project without them, and copy the result folders.',
          {
            file: folder,
          },
        )
      // Weights and predictions hardly shrink.
      files[`results/${id}/${file.name}`] = [await readFile(join(folder, file.name)), { level: /\.(npy|bin)$/.test(file.name) ? 1 : 6 }]
    }
  }
  return new Promise((resolve, reject) => zip(files, (error, data) => (error ? reject(error) : resolve(data))))
}

const gone = (folder: string): Error => new QuerentError('not-found', 'a result folder of this project is gone', { file: folder })
