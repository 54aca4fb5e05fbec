import { connect } from './client/connect'
import { createWorkbench } from './app'

createWorkbench(connect()).mount('#app')
