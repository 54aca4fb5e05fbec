import { createRouter, createWebHashHistory, type Router, type RouterHistory } from 'vue-router'

/** Hash URLs: the same links work under app:// and http, and a reload finds its way. */
export function createWorkbenchRouter(history: RouterHistory = createWebHashHistory()): Router {
  return createRouter({
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
}
