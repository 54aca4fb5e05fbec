import '@engine/core/zod'
import { connect } from './client/connect'
import { showStartError } from './client/startError'
import { createWorkbench } from './app'

connect().then((client) => createWorkbench(client).mount('#app'), showStartError)
