import { badInput, nearestName } from '../core/errors'
import { acquisition } from './acquisition'
import { createAlbl } from './albl'
import { createAsvp } from './asvp'
import { alfaMix } from './alfaMix'
import { alignment } from './alignment'
import { badge } from './badge'
import { bald } from './bald'
import { byScore } from './combinators'
import { cal } from './cal'
import type { Strategy } from './contract'
import { coreSet } from './coreSet'
import { egl } from './egl'
import { entropy } from './entropy'
import { entropyGradnorm } from './entropyGradnorm'
import { fisherTrace } from './fisherTrace'
import { external } from './external'
import { fullData } from './fullData'
import { kmeans } from './kmeans'
import { less } from './less'
import { learningLoss } from './learningLoss'
import { leastConfidence } from './leastConfidence'
import { lplgrad } from './lplgrad'
import { margin } from './margin'
import { probcover } from './probcover'
import { random } from './random'
import { replay } from './replay'
import { createSchedule } from './schedule'
import { scores } from './scores'
import { createSvp } from './svp'
import { createSvpp } from './svpp'
import { trak } from './trak'
import { typiclust } from './typiclust'
import { variationRatio } from './variationRatio'

export { scores }

const all: readonly Strategy[] = [
  random,
  fullData,
  entropy,
  leastConfidence,
  margin,
  variationRatio,
  bald,
  coreSet,
  kmeans,
  badge,
  acquisition,
  entropyGradnorm,
  egl,
  fisherTrace,
  learningLoss,
  lplgrad,
  less,
  trak,
  alignment,
  createSchedule((id) => strategies.get(id)),
  createAlbl((id) => strategies.get(id)),
  typiclust,
  probcover,
  alfaMix,
  cal,
  createSvp((id) => strategies.get(id)),
  createSvpp((id) => strategies.get(id)),
  createAsvp((id) => strategies.get(id)),
  external,
  replay,
]

/** Every strategy by id, in the order lists show them. */
export const strategies: ReadonlyMap<string, Strategy> = new Map(all.map((strategy) => [strategy.id, strategy]))

/** The strategy with this id; an unknown one is refused with the nearest known name. */
export const strategyOf = (id: string): Strategy => strategies.get(id) ?? refuse('strategy', id, strategies.keys())

/** The strategy with this id, or the one that queries the highest values of the score with this id. */
export function selectorOf(id: string): Strategy {
  const score = scores.get(id)
  return (
    strategies.get(id) ??
    (score ? byScore(score, { summary: score.title, sources: [] }) : refuse('strategy', id, [...strategies.keys(), ...scores.keys()]))
  )
}

function refuse(what: string, id: string, known: Iterable<string>): never {
  const names = [...known]
  throw badInput(`unknown ${what} "${id}"`, { found: id, expected: names.join(', '), nearest: nearestName(id, names) })
}
