import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { badInput, QuerentError } from '@engine/core/errors'
import type { Manifest } from '../../lab/experiment'
import type { ResultFolder, ResultStore, StoredResults } from '../../lab/ports'
import { notWritable, systemCode, toQuerentError } from '../errors'
import { makeFolder, readIfThere, setAside, writeAtomic } from './files'
import { acquireLock } from './lock'
import { adoptRun, openRun, readRun, specFile, summarize } from './runFolder'
import { manifestSchema, parseJson, specSchema } from './schemas'

const manifestFile = (dir: string): string => join(dir, 'manifest.json')
const studyFile = (dir: string): string => join(dir, 'study.yaml')
const lockFile = (dir: string): string => join(dir, '.lock')
const runFolder = (dir: string, hash: string): string => join(dir, 'runs', hash)

/** Result folders on disk. */
export const fileStore: ResultStore = { open: openFolder, view: viewFolder }

async function openFolder(dir: string, accept: (found: Manifest | null) => void): Promise<ResultFolder> {
  const warnings: string[] = []
  const undo = await makeFolder(dir).catch((error: unknown) => {
    throw notWritable('result folder', dir, error)
  })
  try {
    await refuseStrangers(dir)
    const lock = await acquireLock(lockFile(dir), 'result folder').catch((error: unknown) => {
      throw error instanceof QuerentError ? error : notWritable('result folder', dir, error)
    })
    try {
      const manifest = await manifestIn(dir, warnings)
      accept(manifest)
      return folderAt(dir, manifest, warnings, lock.release, undo)
    } catch (error) {
      await lock.release()
      throw error
    }
  } catch (error) {
    await undo()
    throw error
  }
}

/** A folder without a manifest must be empty, but for what a crash before the first manifest leaves. */
async function refuseStrangers(dir: string): Promise<void> {
  const names = await readdir(dir).catch((error: unknown) => {
    throw notWritable('result folder', dir, error)
  })
  if (names.includes('manifest.json')) return
  // Tables beside runs are ours too: somebody deleted the manifest, and it can be written anew.
  const isTable = (name: string): boolean =>
    names.includes('runs') && /^(rounds|selections|diagnostics|overlap|summary|pairwise|ledger)\.csv$/.test(name)
  const stranger = names.find((name) => !isTable(name) && !/^(\.lock.*|study\.yaml|runs|.*\.tmp|manifest\.json\.damaged-.*)$/.test(name))
  if (stranger === undefined) return
  throw badInput('this folder is not empty and not a result folder', {
    file: dir,
    found: stranger,
    expected: 'a new or empty folder, or one made by querent run',
  })
}

async function manifestIn(dir: string, warnings: string[]): Promise<Manifest | null> {
  const file = manifestFile(dir)
  const text = await readIfThere(file)
  if (text === null) return null
  try {
    return parseJson(file, text.toString('utf8'), manifestSchema)
  } catch (error) {
    const aside = await setAside(file)
    warnings.push(
      `${file} was damaged (${error instanceof Error ? error.message : ''}); it was kept as ${basename(aside)} and is written anew. Finished runs are kept.`,
    )
    return null
  }
}

function folderAt(
  dir: string,
  manifest: Manifest | null,
  warnings: string[],
  release: () => Promise<void>,
  undo: () => Promise<void>,
): ResultFolder {
  const close = async (): Promise<void> => {
    await removeTemporary(dir)
    await release()
  }
  return {
    dir,
    manifest,
    warnings,
    writeManifest: (next) => writeAtomic(manifestFile(dir), `${JSON.stringify(next, null, 2)}\n`),
    writeStudy: (text) => writeAtomic(studyFile(dir), text),
    readRun: async (hash) => {
      const folder = runFolder(dir, hash)
      try {
        const log = await readRun(folder)
        if (log.finished) await summarize(folder, log)
        return log
      } catch (error) {
        if (!(error instanceof QuerentError) || error.code !== 'bad-input') throw error
        const aside = await setAside(folder)
        const { file, line } = error.details
        warnings.push(
          `${file}${line === undefined ? '' : `, line ${line}`}: ${error.message}. The run was kept as ${basename(aside)} and is computed again.`,
        )
        return { events: [], finished: false }
      }
    },
    openRun: (run) => openRun(runFolder(dir, run.hash), run),
    adoptRun: (hash, from) => adoptRun(runFolder(dir, hash), runFolder(from, hash)),
    writeTables: async (tables) => {
      for (const [name, text] of Object.entries(tables)) await writeAtomic(join(dir, name), text)
    },
    close,
    discard: async () => {
      const isNew = manifest === null && !existsSync(join(dir, 'runs'))
      for (const file of isNew ? [manifestFile(dir), studyFile(dir)] : []) await rm(file, { force: true })
      await close()
      if (isNew) await undo()
    },
  }
}

/** What a killed writer left; nobody else writes here while the lock is ours. */
async function removeTemporary(dir: string): Promise<void> {
  for (const name of await readdir(dir)) if (/\.[0-9a-f]{12}\.tmp$/.test(name)) await rm(join(dir, name), { force: true })
}

async function viewFolder(dir: string): Promise<StoredResults> {
  const file = manifestFile(dir)
  const text = await readIfThere(file).catch((error: unknown) => {
    if (systemCode(error) === 'ENOTDIR') return null
    throw toQuerentError(error, file)
  })
  if (text === null)
    throw new QuerentError('not-found', 'this is not a result folder: it has no manifest.json', {
      file: dir,
      expected: 'a folder made by querent run or merge',
    })
  const manifest = parseJson(file, text.toString('utf8'), manifestSchema)
  const studyText = (await readIfThere(studyFile(dir)))?.toString('utf8') ?? ''
  return {
    dir,
    manifest,
    studyText,
    readRun: (hash) => readRun(runFolder(dir, hash)),
    readSpec: async (hash) => {
      const spec = specFile(runFolder(dir, hash))
      const json = await readIfThere(spec)
      if (json === null) throw badInput('the run has no spec.json', { file: spec })
      return parseJson(spec, json.toString('utf8'), specSchema)
    },
  }
}
