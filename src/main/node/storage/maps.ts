import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readNpy, writeNpy } from '@engine/data/npy'
import type { MapFrame } from '@engine/maps/layout'
import type { LabDependencies } from '../../lab/dependencies'
import { readIfThere, writeAtomic } from './files'

/** Finished maps as `.npy` files (n × 2, float32) that may be deleted at any time. */
export function mapFiles(folder: string): Pick<LabDependencies['viewing'], 'keptMap' | 'keepMap'> {
  const fileOf = (key: string): string => join(folder, `${key}.npy`)
  return {
    keptMap: async (key, rows) => {
      const bytes = await readIfThere(fileOf(key)).catch(() => null)
      if (bytes === null) return null
      try {
        const { data, shape } = readNpy(bytes, fileOf(key))
        const positions = Float32Array.from(data as ArrayLike<number>)
        const isWhole = shape[0] === rows && shape[1] === 2 && positions.every(Number.isFinite)
        return isWhole ? { rows: Int32Array.from({ length: rows }, (_, row) => row), positions, progress: 1 } : null
      } catch {
        return null // a damaged file is as good as none
      }
    },
    keepMap: async (key, { positions }: MapFrame) => {
      await mkdir(folder, { recursive: true })
      await writeAtomic(fileOf(key), writeNpy(positions, [positions.length / 2, 2]))
    },
  }
}
