import { describe, expect, it } from 'vitest'
import { createMemoryHistory } from 'vue-router'
import { createWorkbenchRouter } from '@/router'

/** The router without its pages, which are not what is asked about. */
function routes() {
  const router = createWorkbenchRouter(createMemoryHistory())
  for (const { name, path } of router.getRoutes()) if (name) router.addRoute({ name, path, component: { render: () => null } })
  return router
}

describe('what is compared', () => {
  it('is the same on Compare and Export, by whatever way', async () => {
    const router = routes()
    await router.push('/compare/p/e?baseline=margin&metric=nll&tab=wins')
    await router.push({ name: 'export', params: { project: 'p', experiment: 'e' } })
    expect(router.currentRoute.value.query).toEqual({ baseline: 'margin', metric: 'nll' })
    await router.replace({ query: { baseline: 'badge' } })
    await router.push('/runs/p/e')
    await router.push('/compare/p')
    expect(router.currentRoute.value.query).toEqual({})
    await router.replace('/compare/p/e')
    expect(router.currentRoute.value.query).toEqual({ baseline: 'badge' })
  })

  it('is left alone where an address says it, and on other experiments', async () => {
    const router = routes()
    await router.push('/compare/p/e?baseline=margin')
    await router.push('/export/p/e?metric=nll')
    expect(router.currentRoute.value.query).toEqual({ metric: 'nll' })
    await router.push('/export/p/other')
    expect(router.currentRoute.value.query).toEqual({})
  })

  it('can be set back to what the study says', async () => {
    const router = routes()
    await router.push('/compare/p/e?baseline=margin')
    await router.replace('/compare/p/e')
    await router.push('/export/p/e')
    expect(router.currentRoute.value.query).toEqual({})
  })
})
