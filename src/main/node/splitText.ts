import { resolve } from 'node:path'
import type { Manifest } from '../lab/experiment'
import { readBytes } from './datasets/files'

/** The split file that the study of a result folder names; undefined when it names none. */
export function splitTextOf({ manifest }: { readonly manifest: Pick<Manifest, 'study' | 'base'> }, folder: string): string | undefined {
  const path = manifest.study.data.split
  return path === null ? undefined : new TextDecoder().decode(readBytes(resolve(folder, manifest.base, path), path))
}
