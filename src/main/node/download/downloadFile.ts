import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { badInput, QuerentError } from '@engine/core/errors'
import { withFile } from '../errors'
import { syncFolder } from '../storage/files'
import { acquireLock } from '../storage/lock'
import { verifyFile } from './checksum'
import { createMeter, type Meter } from './meter'
import { discardPart, partFile, readPart } from './part'
import { usualPatience, type Downloaded, type DownloadRequest, type Failure } from './request'
import { transfer } from './transfer'

export { discardPart } from './part'
export type { Checksum, Downloaded, DownloadProgress, DownloadRequest } from './request'

/**
 * Brings a file from the first address that gives it, whole and checked, under its name. What a stop or a failure leaves behind is
 * continued by the next call where the server allows it (Range, If-Range); `discardPart` forgets it. A finished file is checked and
 * kept. Throws `network`, `bad-input` (not the published file), `disk-full`, `cancelled` or `locked`.
 */
export async function downloadFile(request: DownloadRequest): Promise<Downloaded> {
  const { file, name, signal, checksum } = request
  request.urls.forEach(requireHttp)
  await withFile(file, () => mkdir(dirname(file), { recursive: true }))
  const lock = await acquireLock(`${file}.lock`, 'download')
  try {
    const meter = createMeter(request.onProgress)
    const present = await stat(file).catch(() => null)
    if (present !== null) {
      const isPublished = await verifyFile(file, name, checksum, signal, (bytes) => meter.checking(bytes, present.size)).catch(notCancelled)
      if (isPublished !== null) return { file, bytes: present.size, sha256: isPublished, url: null }
      await rm(file)
    }
    const failures: QuerentError[] = []
    for (const url of await startingWhereItStopped(request)) {
      const got = await fromAddress(url, request, meter)
      if (!(got instanceof QuerentError)) return got
      failures.push(got)
    }
    throw allFailed(name, failures)
  } catch (error) {
    throw signal?.aborted ? new QuerentError('cancelled', `the download of ${name} was stopped`) : error
  } finally {
    await lock.release()
  }
}

function requireHttp(url: string): void {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw badInput(`"${url}" is no address of a file`, { path: 'url', found: url, expected: 'https://… or http://…' })
}

/** A file that is not the published one is fetched again; a stop is a stop. */
const notCancelled = (error: unknown): null => {
  if (error instanceof QuerentError && error.code === 'bad-input') return null
  throw error
}

async function startingWhereItStopped({ urls, file }: DownloadRequest): Promise<readonly string[]> {
  const { state } = await readPart(file)
  return state !== null && urls.includes(state.url) ? [state.url, ...urls.filter((url) => url !== state.url)] : urls
}

const longestWaitMs = 60_000

/** Asks one address until the file is there, or until asking again does not help. */
async function fromAddress(url: string, request: DownloadRequest, meter: Meter): Promise<Downloaded | QuerentError> {
  const { file, signal, patience = usualPatience } = request
  let failed = 0
  let damaged = 0
  let most = (await readPart(file)).bytes
  for (;;) {
    const failure = (await transfer(url, request, patience.stallMs, meter)) ?? (await finish(url, request, meter))
    if ('sha256' in failure) return failure
    if (failure.error.code === 'bad-input' && ++damaged > 1) return failure.error
    const { bytes } = await readPart(file)
    failed = bytes > most ? 1 : failed + 1
    most = Math.max(most, bytes)
    if (!failure.again || failed > patience.retries) return failure.error
    await wait(Math.min(failure.afterMs ?? patience.backoffMs * 2 ** (failed - 1), longestWaitMs), undefined, { signal })
  }
}

/** Checks the part and gives it its name; one that is not the published file is thrown away. */
async function finish(url: string, { file, name, checksum, signal }: DownloadRequest, meter: Meter): Promise<Downloaded | Failure> {
  const part = partFile(file)
  const { size } = await withFile(file, () => stat(part))
  let sha256: string
  try {
    sha256 = await verifyFile(part, name, checksum, signal, (bytes) => meter.checking(bytes, size))
  } catch (error) {
    if (!(error instanceof QuerentError) || error.code !== 'bad-input') throw error
    await discardPart(file)
    return { again: true, afterMs: 0, error: new QuerentError(error.code, error.message, { ...error.details, path: url }) }
  }
  await withFile(file, () => rename(part, file))
  await discardPart(file)
  await syncFolder(dirname(file))
  return { file, bytes: size, sha256, url }
}

/** The failure of the only address, or of all of them in one message. */
function allFailed(name: string, failures: readonly QuerentError[]): QuerentError {
  const [first] = failures
  if (first === undefined) return badInput(`${name}: no address to download it from`)
  if (failures.length === 1) return first
  return new QuerentError(
    first.code,
    `${name} cannot be had from any of ${failures.length} addresses: ${failures.map(({ message }) => message).join('; ')}`,
    {
      file: name,
      path: first.details.path,
      found: first.details.found,
      expected: first.details.expected,
    },
  )
}
