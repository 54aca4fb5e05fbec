import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { labellingRound } from '@engine/labelling/round'
import { keepsState, type RunDependencies } from '@engine/study/setting'
import type { ChooseRequest, ChosenBatch, ChoosingProgress } from '../../lab/ports'
import { withFile } from '../errors'
import { readState, writeState } from '../storage/weights'

/** The next batch of a labelling session; what the one after it starts from is left in the session's folder. */
export async function chooseBatch(
  { folder, ...request }: ChooseRequest,
  deps: Omit<RunDependencies, 'resume'>,
  onProgress: (progress: ChoosingProgress) => void,
): Promise<ChosenBatch> {
  const stateFolder = (round: number): string => join(folder, 'state', String(round))
  const { round } = request
  const state = round > 0 && keepsState(request.spec) ? await readState(stateFolder(round - 1), round - 1) : null
  const events = labellingRound({ ...request, state }, deps)
  for (;;) {
    const next = await events.next()
    if (next.done !== true) {
      if (next.value.type === 'epoch') onProgress({ epoch: next.value.epoch + 1, epochs: next.value.epochs })
      continue
    }
    const { state: left, ...chosen } = next.value
    if (left !== null) {
      await withFile(stateFolder(round), () => mkdir(stateFolder(round), { recursive: true }))
      await writeState(stateFolder(round), round, left)
    }
    return chosen
  }
}
