import { entropy } from '@engine/strategies/entropy'
import { alignment } from '@engine/strategies/alignment'
import { armChances, rewarded } from '@engine/strategies/albl'
import type { Acquisition, Query } from '@engine/strategies/contract'
import { strategyOf } from '@engine/strategies/registry'
import { idlePhases, softWeight, startsOf } from '@engine/strategies/schedule'
import { describe, expect, it } from 'vitest'
import { randomSamples, sampleQuery } from '../../support/query'

const samples = randomSamples('schedule', 40)
const schedule = strategyOf('schedule')
const albl = strategyOf('albl')

const at = (round: number, more: Partial<Query> = {}): Query => ({
  ...sampleQuery(samples, { labeled: 6, k: 5, round, rounds: 9 }),
  ...more,
})
const ask = (given: Record<string, unknown>, query: Query): Promise<Acquisition> => schedule.select(query, schedule.params.parse(given))

describe('schedule', () => {
  it('switches at the given rounds, or after a third', async () => {
    const modes = async (phases: unknown) => {
      const found: (string | undefined)[] = []
      for (let round = 0; round < 9; round++) found.push((await ask({ phases }, at(round))).mode)
      return found.join(' ')
    }
    expect(await modes(['entropy@0', 'margin@4'])).toBe('entropy entropy entropy entropy margin margin margin margin margin')
    expect(await modes('entropy, margin')).toBe('entropy entropy entropy margin margin margin margin margin margin')
    expect(await modes(['random', { id: 'margin', from: 2 }, 'entropy@7'])).toBe(
      'random random margin margin margin margin margin entropy entropy',
    )
    expect(startsOf([{ from: null }, { from: null }, { from: null }], 8)).toEqual([0, 2, 4])
  })

  it('divides the rounds between phases that say where they start, so that every phase has its own', () => {
    const starts = (phases: readonly (number | null)[], rounds: number) => startsOf(phases.map((from) => ({ from })), rounds) // prettier-ignore
    expect(starts([0, null, 2], 12)).toEqual([0, 1, 2])
    expect(starts([null, null, null, 9], 12)).toEqual([0, 3, 6, 9])
    expect(starts([null, 4, null], 12)).toEqual([0, 4, 7])
    expect(starts([0, null, 8, null, null], 12)).toEqual([0, 4, 8, 9, 10])
    for (let rounds = 4; rounds < 20; rounds++)
      for (const given of [
        [null, null, null, null],
        [0, null, null, 3],
        [null, 2, null, null],
      ])
        // prettier-ignore
        if (idlePhases({ phases: given.map((from) => (from === null ? 'entropy' : `entropy@${from}`)) }, rounds).length > 0)
          expect(rounds).toBeLessThan(6)
  })

  it('tells which phases a run is too short for', () => {
    expect(idlePhases({ phases: 'entropy@0, margin@4, badge' }, 5)).toEqual(['badge'])
    expect(idlePhases({ phases: ['entropy@0', { id: 'margin', from: 7 }] }, 7)).toEqual(['margin'])
    expect(idlePhases({ phases: ['entropy@0', { id: 'margin', from: 7 }] }, 8)).toEqual([])
    expect(idlePhases({ phases: 'entropy@0, margin@7', mode: 'adaptive' }, 5)).toEqual([])
    expect(idlePhases({ phases: 'alignment, entropy' }, 1)).toEqual(['entropy'])
  })

  it('chooses as the phase alone does, with its parameters from the entry or its own', async () => {
    const own = { target: 'pool-pseudo', layers: 'last-weight' }
    const pure = await alignment.select(at(0), alignment.params.parse(own))
    for (const phases of [
      ['alignment', 'entropy'],
      ['entropy', 'margin'],
    ]) {
      const [first] = phases
      const found = await ask({ phases, ...(first === 'alignment' ? own : {}) }, at(0))
      expect([...found.rows]).toEqual([...(first === 'alignment' ? pure : await entropy.select(at(0), {})).rows])
    }
    const nested = await ask({ phases: [{ id: 'alignment', ...own }, 'entropy'], target: 'train' }, at(0))
    expect([...nested.rows]).toEqual([...pure.rows])
  })

  it('mixes ranks: weight 0 is the first method, 1 the second, between them both count', async () => {
    expect([0, 2, 3, 4, 6, 8].map((round) => softWeight(round, 2, 6))).toEqual([0, 0, 0.25, 0.5, 1, 1])
    const given = { phases: ['alignment@2', 'entropy@6'], mode: 'soft', target: 'pool-pseudo' }
    const pure = await alignment.select(at(2), alignment.params.parse({ target: 'pool-pseudo' }))
    expect([...(await ask(given, at(0))).rows]).toEqual([...pure.rows])
    expect([...(await ask(given, at(6))).rows]).toEqual([...(await entropy.select(at(6), {})).rows])
    const middle = await ask(given, at(4))
    expect(middle.mode).toBe('alignment + entropy')
    expect(middle.diagnostics).toMatchObject({ weight_0_alignment: 0.5, weight_1_entropy: 0.5 })
    expect(middle.scores?.every((score) => score >= 0 && score <= 1)).toBe(true)
    const whole = await ask({ phases: 'entropy, margin', mode: 'soft' }, at(8))
    expect(whole.mode).toBe('margin')
  })

  it('switches once by itself: when the target gradient keeps its direction or the validation rows are learnt', async () => {
    const given = { phases: 'alignment, entropy', mode: 'adaptive', layers: 'last' }
    // Predictions that are all wrong on the validation rows.
    const wrong = at(0, { validation: { rows: samples.reserved, labels: samples.reserved.map((row) => 3 - largest(row)) } })
    const first = await ask(given, wrong)
    expect(first.mode).toBe('alignment')
    expect(Object.keys(first.memory ?? {})).toEqual(['target 0', 'target 1'])
    const second = await ask(given, { ...wrong, round: 1, memory: first.memory ?? {} })
    expect(second.mode).toBe('entropy') // the same model has the same target gradient
    expect([...(second.memory?.switched ?? [])]).toEqual([1])
    const turned = Object.fromEntries(Object.entries(first.memory ?? {}).map(([name, part]) => [name, part.map((value) => -value)]))
    const kept = await ask(given, { ...wrong, round: 1, memory: turned })
    expect(kept.mode).toBe('alignment')
    const back = await ask(given, { ...wrong, round: 2, memory: second.memory ?? {} })
    expect(back.mode).toBe('entropy')
    const learnt = at(0, { validation: { rows: samples.reserved, labels: samples.reserved.map(largest) } })
    expect((await ask(given, learnt)).mode).toBe('entropy')
  })

  it('is one run for rounds that its mode does not read', () => {
    const effective = (mode: string, phases: string): unknown =>
      schedule.effective?.(schedule.params.parse({ mode, phases, target: 'train' }))
    expect(effective('adaptive', 'alignment@0, entropy@3')).toEqual(effective('adaptive', 'alignment, entropy'))
    expect(effective('hard', 'alignment@0, entropy@3')).not.toEqual(effective('hard', 'alignment, entropy'))
  })

  it('needs, reads and trains what any phase does', () => {
    const params = schedule.params.parse({
      phases: ['less', 'entropy-gradnorm', 'alignment'],
      checkpoints: 7,
      target: 'train',
      gradient: 'sgd',
    })
    expect([...schedule.needs(params)].sort()).toEqual(['embedding', 'proba', 'tensorNorms'])
    expect(schedule.training?.(params)).toMatchObject({ checkpoints: 7 })
    expect(schedule.reads?.(params)).toEqual([])
    expect(schedule.reads?.(schedule.params.parse({}))).toEqual(['validation'])
  })

  it.each([
    [{ phases: 'entropy' }, 'two phases'],
    [{ phases: ['entropy@2', 'margin@1'] }, 'rise'],
    [{ phases: ['entropy@1', 'margin@3'] }, 'starts at round 0'],
    [{ phases: ['entropy', 'margin', 'badge@1'] }, 'a round for every phase'],
    [{ phases: ['entropy', 'random@4', 'margin', 'coreset', 'badge@6'] }, 'a round for every phase'],
    [{ phases: ['entropy', 'margin@x'] }, 'a query round'],
    [{ phases: ['entropy', 'margin', 'badge'], mode: 'soft' }, 'two phases, or mode: hard'],
    [{ phases: ['entropy', 'full-data'] }, 'a method that chooses by itself'],
    [{ phases: ['entropy', 'schedule'] }, 'a method that chooses by itself'],
    [{ phases: ['entropy', 'nothing'] }, 'the id of a strategy'],
    [{ phases: ['alignment', 'entropy'], target: 'everything' }, 'Invalid option'],
    [{ phases: ['entropy', 'margin'], target: 'train' }, 'target'],
  ])('refuses %j', (given, message) => {
    const parsed = schedule.params.safeParse(given)
    expect(parsed.success).toBe(false)
    expect(JSON.stringify(parsed.error?.issues)).toContain(message)
  })
})

function largest(row: number): number {
  const { data, cols } = samples.source.logits
  const own = [...data.subarray(row * cols, (row + 1) * cols)]
  return own.indexOf(Math.max(...own))
}

describe('ALBL', () => {
  it('gives every arm its floor and the rest by weight; the reward raises only the arm that was played', async () => {
    expect([...armChances(Float64Array.of(1, 1))]).toEqual([0.5, 0.5])
    const chances = armChances(Float64Array.of(3, 1, 0))
    expect(chances[2]).toBeCloseTo(1 / 30, 12)
    expect(chances.reduce((a, b) => a + b)).toBeCloseTo(1, 12)
    // K = 2: floor 0.05; exp(0.025 · (0.8 + √(ln(20)/2)/0.5))
    expect(rewarded(2, 0.8, 0.5, 2, 0.1)).toBeCloseTo(2 * Math.exp(0.025 * (0.8 + Math.sqrt(Math.log(20) / 2) / 0.5)), 12)
  })

  it('weights what each arm bought by one over its chance, and remembers it', async () => {
    const params = albl.params.parse({ arms: 'entropy, margin' })
    const first = await albl.select(at(0), params)
    expect(first.diagnostics).toMatchObject({ chance_0_entropy: 0.5, chance_1_margin: 0.5 })
    expect([...(first.memory?.importance ?? [])]).toEqual([2, 2, 2, 2, 2])
    expect([...(first.memory?.bought ?? [])]).toEqual([...first.rows])
    const labeled = Int32Array.from([0, 1, ...first.rows]).sort()
    const query = at(1, { memory: first.memory ?? {}, labeled, labels: labeled.map((row) => largest(row)) })
    const second = await albl.select(query, params)
    expect(second.diagnostics?.reward).toBeCloseTo((2 + 5 * 2) / 7, 12) // all predicted right
    const played = first.mode === 'entropy' ? 0 : 1
    expect(second.memory?.weights[1 - played]).toBe(1)
    expect(second.memory?.weights[played]).toBeCloseTo(rewarded(1, 12 / 7, 0.5, 2, 0.1), 12)
  })
})
