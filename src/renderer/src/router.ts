import { createRouter, createWebHashHistory, START_LOCATION, type Router, type RouterHistory } from 'vue-router'

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
  return router
}
