import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { createApp, nextTick, type Component } from 'vue'
import { createMemoryHistory } from 'vue-router'
import { labClientKey } from '@/client/labClient'
import { createWorkbenchRouter } from '@/router'
import { createMemoryLab, type MemoryLab, type MemoryLabOptions } from '../../support/memoryLab'

/** Lets calls of the lab in memory answer. */
export async function settle(turns = 6): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setTimeout(resolve))
  await nextTick()
}

/** Stores over a lab in memory, without any component. */
export function storesOver(options: MemoryLabOptions = { with: 'nothing' }): MemoryLab {
  const lab = createMemoryLab(options)
  const pinia = createPinia()
  createApp({ render: () => null })
    .provide(labClientKey, lab)
    .use(pinia)
  setActivePinia(pinia)
  return lab
}

export interface Mounted {
  readonly lab: MemoryLab
  readonly wrapper: VueWrapper
}

/** A component with everything a page has: stores, router, lab. */
export async function mountWith(
  component: Component,
  given: { path?: string; props?: Record<string, unknown>; lab?: MemoryLabOptions; prepare?: (lab: MemoryLab) => void } = {},
): Promise<Mounted> {
  const lab = createMemoryLab(given.lab)
  given.prepare?.(lab)
  const router = createWorkbenchRouter(createMemoryHistory())
  await router.push(given.path ?? '/projects')
  const pinia = createPinia()
  setActivePinia(pinia)
  const wrapper = mount(component, {
    props: given.props,
    attachTo: document.body,
    global: { plugins: [pinia, router], provide: { [labClientKey as symbol]: lab } },
  })
  await settle()
  return { lab, wrapper }
}
