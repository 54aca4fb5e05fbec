import type { AnimationFormat } from '@contract/types'
import type { SelectionMap } from '@figures/selectionMap'
import { animationFiles, type AnimationOptions } from '../../exporting/animation'
import { zip } from '../../exporting/paperFiles'
import { resourcePath } from '../resources'

/** One file of the format; the frames as SVG are zipped. */
export async function animationFile(
  map: SelectionMap,
  format: AnimationFormat,
  options: Pick<AnimationOptions, 'widthPx' | 'roundMs' | 'onProgress'>,
): Promise<Uint8Array> {
  const files = await animationFiles(map, { ...options, formats: [format], widthMm: 139.7, fontPt: 9, fontsDir: resourcePath('fonts') })
  if (format === 'svg') return zip(files)
  return files[`selection.${format}`] as Uint8Array
}
