import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { RunEvent, RunEventBody } from '@engine/study/events'
import { createHub, type Hub } from '@main/lab/hub'

let hub: Hub
let sent: { name: string; payload: unknown }[]
beforeEach(() => {
  vi.useFakeTimers()
  hub = createHub()
  sent = []
  hub.attach((name, payload) => sent.push({ name, payload }))
})
afterEach(() => {
  hub.dispose()
  vi.useRealTimers()
})

let seq = 0
const event = (body: RunEventBody): RunEvent => ({ ...body, seq: seq++ })
const epoch = (n: number): RunEvent => event({ type: 'epoch', round: 0, epoch: n, epochs: 9, loss: 1 / n })
const batches = () => sent.map(({ payload }) => payload as { experiment: string; batch: number; events: [string, RunEvent][] })

it('gathers a tenth of a second into one numbered batch', () => {
  hub.runEvent('e', 'a', event({ type: 'round-started', round: 0, labeled: 6 }))
  hub.runEvent('e', 'b', event({ type: 'round-started', round: 0, labeled: 6 }))
  vi.advanceTimersByTime(99)
  expect(sent).toEqual([])
  vi.advanceTimersByTime(1)
  hub.runEvent('e', 'a', event({ type: 'run-ended', state: 'finished' }))
  vi.advanceTimersByTime(100)
  expect(batches().map(({ batch, events }) => [batch, events.length])).toEqual([
    [1, 2],
    [2, 1],
  ])
  vi.advanceTimersByTime(1000)
  expect(sent).toHaveLength(2)
})

it('sends of the epochs of a batch only the latest of each run, in place', () => {
  const a = [epoch(1), epoch(2), epoch(3)]
  const b = epoch(1)
  const ended = event({ type: 'run-ended', state: 'cancelled' })
  for (const told of a) hub.runEvent('e', 'a', told)
  hub.runEvent('e', 'b', b)
  hub.runEvent('e', 'b', ended)
  vi.advanceTimersByTime(100)
  expect(batches()[0].events).toEqual([
    ['a', a[2]],
    ['b', b],
    ['b', ended],
  ])
})

it('numbers experiments apart and never sends arrays', () => {
  hub.runEvent('e', 'a', epoch(1))
  hub.runEvent('f', 'a', event({ type: 'artifact', name: 'scores', data: new Float32Array(3), shape: [3] }))
  hub.runEvent('f', 'a', event({ type: 'checkpoint', round: 0, weights: [], memories: {} }))
  hub.runEvent('f', 'a', epoch(1))
  vi.advanceTimersByTime(100)
  expect(batches().map(({ experiment, batch, events }) => [experiment, batch, events.length])).toEqual([
    ['e', 1, 1],
    ['f', 1, 1],
  ])
})

it('flushes at once and tells the number of the last batch', () => {
  expect(hub.flush('e')).toBe(0)
  hub.runEvent('e', 'a', epoch(1))
  expect(hub.flush('e')).toBe(1)
  expect(hub.flush('e')).toBe(1)
  vi.advanceTimersByTime(100)
  expect(sent).toHaveLength(1)
})

it('leaves a number out when clients must look anew', () => {
  hub.runEvent('e', 'a', epoch(1))
  hub.flush('e')
  hub.skip('e')
  expect(batches().map(({ batch, events }) => [batch, events.length])).toEqual([
    [1, 1],
    [3, 0],
  ])
  expect(hub.flush('e')).toBe(3)
})

it('says nothing to those who left, nor after its end', () => {
  const heard = vi.fn()
  hub.attach(heard)()
  hub.emit('connection.changed', 'open')
  expect(heard).not.toHaveBeenCalled()
  hub.runEvent('e', 'a', epoch(1))
  hub.dispose()
  vi.advanceTimersByTime(100)
  expect(batches()).toHaveLength(1)
})
