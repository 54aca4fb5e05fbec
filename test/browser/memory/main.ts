import '@engine/core/zod'
import { createWorkbench } from '@/app'
import { createMemoryLab, type MemoryLab, type MemoryLabOptions } from '../../support/memoryLab'

declare global {
  interface Window {
    memoryLab: MemoryLab
  }
}

/** The workbench over the lab in memory: `?with=finished|interrupted|failed|nothing&pace=N&large&proxies=new|finished&points=N`. */
const query = new URLSearchParams(location.search)
const past = query.get('with') ?? 'finished'
const known: readonly NonNullable<MemoryLabOptions['with']>[] = ['nothing', 'finished', 'interrupted', 'failed']
window.memoryLab = createMemoryLab({
  with: known.find((name) => name === past) ?? 'finished',
  pace: Number(query.get('pace') ?? 0),
  large: query.has('large'),
  proxies: query.has('proxies') ? (query.get('proxies') === 'finished' ? 'finished' : 'new') : undefined,
  projects: query.get('projects') !== 'none',
  mapRows: query.has('points') ? Number(query.get('points')) : undefined,
})
createWorkbench(window.memoryLab).mount('#app')
