import { setAt } from '@engine/study/editStudy'
import { formatPath } from '@engine/study/paths'
import { stepsOf } from '@engine/study/review'
import type { Finding } from '@engine/study/spec'
import { addStrategy, rawOf, valueAt } from './studyEdits'

/** A finding that the program can mend: the button's text and the edit. */
export interface MechanicalFix {
  readonly label: string
  apply(text: string): string
}

const setting = (path: string, value: unknown, label = `Set ${path} to ${String(value)}`): MechanicalFix => ({
  label,
  apply: (text) => setAt(text, path.split('.'), value),
})
const adding = (path: string, value: string, base: readonly string[]): MechanicalFix => ({
  label: `Add ${value}`,
  apply: (text) => {
    const now = valueAt(rawOf(text), path.split('.'))
    return setAt(text, path.split('.'), [...(Array.isArray(now) ? (now as unknown[]) : base), value])
  },
})

const byCode: Readonly<Record<string, (finding: Finding) => MechanicalFix | null>> = {
  'few-seeds': () => setting('protocol.seeds', 10, 'Use 10 seeds'),
  'family-too-large': ({ fix }) => {
    const enough = /at least (\d+) seeds/.exec(fix ?? '')?.[1]
    return enough ? setting('protocol.seeds', Number(enough), `Use ${enough} seeds`) : null
  },
  'no-random': () => ({ label: 'Add random', apply: (text) => addStrategy(text, 'random') }),
  'short-training': ({ path }) => (path === 'training.minSteps' ? setting(path, 1000, 'Train for 1000 steps') : null),
  'unequal-steps': ({ path }) => (path === 'training.minSteps' ? setting(path, 1000, 'Train for 1000 steps') : null),
  'no-test-array': () => setting('data.test', 0.2, 'Hold out 20 %'),
  'class-missing': () => setting('protocol.initialSampling', 'stratified', 'Draw stratified'),
  'nothing-varies': () => setting('protocol.vary', ['initial', 'weights', 'order'], 'Vary initial set, weights and order'),
  'one-initial-set': () => adding('protocol.vary', 'initial', ['weights', 'order']),
  'exploratory-pairs': () => setting('stats.family', 'vs-baseline', 'Compare with the baseline'),
  'no-correction': () => setting('stats.correction', 'holm', 'Use Holm'),
  'bootstrap-few-seeds': () => setting('stats.band', 't95', 'Use t bands'),
  imbalanced: () => adding('metrics', 'macro_f1', []),
}

/** The edit that does what a finding advises, where there is one way to do it. */
export function mechanicalFix(finding: Finding): MechanicalFix | null {
  const { code, path, nearest, severity } = finding
  const known = byCode[code]
  if (known) return known(finding)
  if (severity !== 'error') return null
  if (code === 'missing-need') return neededFix(finding)
  if (nearest === undefined) return null
  const steps = stepsOf(path)
  if (code === 'unknown-key') return { label: `Rename to ${nearest}`, apply: (text) => renameKey(text, steps, nearest) }
  if (['unknown-strategy', 'unknown-name', 'wrong-value'].includes(code))
    return { label: `Use ${nearest}`, apply: (text) => setAt(text, steps, nearest) }
  // What only the host knows: names of its libraries.
  if (code === 'bad-input' && ['model.backbone', 'data.features'].includes(path))
    return { label: `Use ${nearest}`, apply: (text) => setAt(text, steps, nearest) }
  return null
}

/** Models and protocols that a method needs, by what it expects. */
function neededFix({ expected = '' }: Finding): MechanicalFix | null {
  if (expected.startsWith('protocol.validation')) return setting('protocol.validation', 100, 'Reserve 100 rows')
  if (expected.startsWith('training.optimizer')) return setting('training.optimizer', 'adam', 'Train with Adam')
  if (expected.startsWith('model.dropout')) return setting('model.dropout', 0.2, 'Use dropout of 0.2')
  return null
}

function renameKey(text: string, steps: readonly (string | number)[], name: string): string {
  const parent = steps.slice(0, -1)
  const old = valueAt(rawOf(text), parent)
  if (typeof old !== 'object' || old === null) throw new TypeError(`there is nothing at ${formatPath(parent)}`)
  const last = String(steps.at(-1))
  return setAt(
    text,
    parent,
    Object.fromEntries(Object.entries(old).map(([key, value]: [string, unknown]) => [key === last ? name : key, value])),
  )
}
