import type { Clock } from '../lab/ports'

export const systemClock: Clock = { now: () => new Date(), ticks: () => performance.now() }
