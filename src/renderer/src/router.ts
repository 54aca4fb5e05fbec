import { createRouter, createWebHashHistory, START_LOCATION, type LocationQuery, type Router, type RouterHistory } from 'vue-router'

/** Hash URLs: the same links work under app:// and http, and a reload finds its way. */
export function createWorkbenchRouter(history: RouterHistory = createWebHashHistory()): Router {
  const router = createRouter({
    history,
    routes: [
      { path: '/', redirect: '/projects' },
      { path: '/projects', name: 'projects', component: () => import('./features/projects/ProjectsPage.vue') },
      { path: '/data', name: 'data', component: () => import('./features/data/DataPage.vue') },
      { path: '/design/:project?', name: 'design', component: () => import('./features/design/DesignPage.vue') },
      { path: '/runs/:project?/:experiment?', name: 'runs', component: () => import('./features/runs/RunsPage.vue') },
      { path: '/compare/:project?/:experiment?', name: 'compare', component: () => import('./features/compare/ComparePage.vue') },
      { path: '/explore/:project?/:experiment?', name: 'explore', component: () => import('./features/explore/ExplorePage.vue') },
      { path: '/export/:project?/:experiment?', name: 'export', component: () => import('./features/export/ExportPage.vue') },
      { path: '/settings', name: 'settings', component: () => import('./features/settings/SettingsPage.vue') },
      { path: '/:rest(.*)*', redirect: '/projects' },
    ],
  })
  // Until the first page is there the router hears of no change of the address: go where it points by then.
  let asked = history.location
  router.beforeResolve((_to, from) => {
    if (from !== START_LOCATION || history.location === asked) return true
    asked = history.location
    return asked
  })
  shareComparison(router)
  return router
}

/** What Compare and Export look at is one choice per experiment, however one goes from one to the other. */
const comparisonPages: readonly unknown[] = ['compare', 'export']
const comparisonKeys = ['dataset', 'metric', 'baseline', 'band', 'at', 'facet', 'hide', 'with', 'by', 'labelPrice', 'hourPrice']

function shareComparison(router: Router): void {
  const choices = new Map<unknown, LocationQuery>()
  const chosen = (query: LocationQuery): LocationQuery =>
    Object.fromEntries(comparisonKeys.flatMap((key) => (query[key] === undefined ? [] : [[key, query[key]]])))
  router.beforeEach((to, from) => {
    const { experiment } = to.params
    if (!comparisonPages.includes(to.name) || (to.name === from.name && experiment === from.params.experiment)) return true
    const known = choices.get(experiment)
    if (known === undefined || Object.keys(known).length === 0 || Object.keys(chosen(to.query)).length > 0) return true
    return { ...to, query: { ...to.query, ...known } }
  })
  router.afterEach((to) => {
    if (comparisonPages.includes(to.name) && to.params.experiment) choices.set(to.params.experiment, chosen(to.query))
  })
}
