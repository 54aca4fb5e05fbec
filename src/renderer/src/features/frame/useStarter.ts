import { useRouter } from 'vue-router'
import type { ProjectSummary } from '@contract/types'
import { useClient } from '@/client/labClient'
import { sendFiles, type SentFiles } from '@/client/sendFiles'
import { useExperiment } from '@/state/experiment'
import { useMessages } from '@/state/messages'
import { useStudy } from '@/state/study'
import { useWorkspace } from '@/state/workspace'

/** What a reviewer would object to in it, the linter would say at once: it says nothing. */
export const emptyStudy = `study: new-study
dataset: digits
data: { test: 0.2 }
model: { type: mlp, hidden: [128] }
protocol:
  seeds: 10
  initial: 20
  initialSampling: stratified
  query: 20
  rounds: 8
strategies:
  - random
  - margin
`

/** Ways to begin: a new project, a recipe, what the user brings, a run. Each ends on the page where the work goes on. */
export function useStarter() {
  const router = useRouter()
  const workspace = useWorkspace()
  const experiment = useExperiment()
  const study = useStudy()
  const messages = useMessages()
  const client = useClient()

  async function show(create: () => Promise<ProjectSummary>): Promise<void> {
    const project = await messages.attempt('The project could not be made', create)
    if (project) await router.push({ name: 'design', params: { project: project.id } })
  }

  const newEmpty = (): Promise<void> => show(() => workspace.create({ name: 'New study', from: { yaml: emptyStudy } }))
  const newFromRecipe = (recipe: string): Promise<void> => show(() => workspace.create({ from: { recipe } }))
  const newFromYaml = (name: string, yaml: string): Promise<void> => show(() => workspace.create({ name, from: { yaml } }))

  /** Opens a study, a project or a result folder and shows it; rejects when it is none of these. */
  async function bring(files: SentFiles): Promise<void> {
    const { project, experiment: shown } = await client.call('project.bring', { files })
    await router.push(
      shown ? { name: 'compare', params: { project: project.id, experiment: shown } } : { name: 'design', params: { project: project.id } },
    )
  }
  const bringFiles = (files: readonly File[]): Promise<void> =>
    messages.attempt('This could not be opened', async () => bring(await sendFiles(client, files, () => undefined))).then(() => undefined)

  /** The project that the address names: right before the page has read it. */
  const shownProject = (): string | null => {
    const { project } = router.currentRoute.value.params
    return typeof project === 'string' && project !== '' ? project : null
  }
  /** Saves what is edited and starts the study of the shown project, else of the active one; shows its runs. */
  async function runActive(project = shownProject() ?? workspace.workspace?.active ?? null): Promise<void> {
    if (!project) return
    const started = await messages.attempt('The study could not be started', async () => {
      if (study.project === project && study.dirty && !(await study.save())) return undefined
      return experiment.start(project)
    })
    if (started) await router.push({ name: 'runs', params: { project, experiment: started.id } })
  }

  return { newEmpty, newFromRecipe, newFromYaml, bring, bringFiles, runActive }
}
