import { createPinia } from 'pinia'
import { createApp, type App } from 'vue'
import type { RouterHistory } from 'vue-router'
import type { LabClient } from '@contract/commands'
import WorkbenchApp from './App.vue'
import { labClientKey } from './client/labClient'
import { watchCrashes } from './client/watchCrashes'
import { createWorkbenchRouter } from './router'
import './ui/tokens.css'
import './ui/base.css'

/** The whole workbench over one lab; `history` is for tests. */
export function createWorkbench(client: LabClient, history?: RouterHistory): App {
  const app = createApp(WorkbenchApp)
  watchCrashes(app)
  app.provide(labClientKey, client)
  app.use(createPinia())
  app.use(createWorkbenchRouter(history))
  return app
}
