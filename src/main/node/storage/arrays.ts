import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readNpy, writeNpy } from '@engine/data/npy'
import type { NumericArray } from '@engine/data/numericArray'
import type { MapFrame } from '@engine/maps/layout'
import type { LabDependencies } from '../../lab/dependencies'
import { readIfThere, writeAtomic } from './files'

/** A `.npy` file, or null when it is not there or not whole. */
export async function readArtifact(file: string): Promise<NumericArray | null> {
  const bytes = await readIfThere(file).catch(() => null)
  if (bytes === null) return null
  try {
    return readNpy(bytes, file)
  } catch {
    return null // a damaged file is as good as none
  }
}

/** Finished maps as `.npy` files (n × 2, float32) that may be deleted at any time. */
export function mapFiles(folder: string): Pick<LabDependencies['viewing'], 'keptMap' | 'keepMap'> {
  const fileOf = (key: string): string => join(folder, `${key}.npy`)
  return {
    keptMap: async (key, rows) => {
      const kept = await readArtifact(fileOf(key))
      const positions = Float32Array.from(kept?.data ?? [])
      const isWhole = kept?.shape[0] === rows && kept.shape[1] === 2 && positions.every(Number.isFinite)
      return isWhole ? { rows: Int32Array.from({ length: rows }, (_, row) => row), positions, progress: 1 } : null
    },
    keepMap: async (key, { positions }: MapFrame) => {
      await mkdir(folder, { recursive: true })
      await writeAtomic(fileOf(key), writeNpy(positions, [positions.length / 2, 2]))
    },
  }
}
