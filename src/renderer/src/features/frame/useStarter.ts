import { useRouter } from 'vue-router'
import type { ProjectSummary } from '@contract/types'
import { openTextFile } from '@/client/openText'
import { useExperiment } from '@/state/experiment'
import { useMessages } from '@/state/messages'
import { useStudy } from '@/state/study'
import { useWorkspace } from '@/state/workspace'

const emptyStudy = `study: new-study
dataset: digits
model: { type: mlp, hidden: [128] }
protocol:
  seeds: 5
  initial: 20
  query: 20
  rounds: 8
strategies:
  - random
  - margin
`

/** Ways to begin: a new project, a study file, a recipe, a run. Each ends on the page where the work goes on. */
export function useStarter() {
  const router = useRouter()
  const workspace = useWorkspace()
  const experiment = useExperiment()
  const study = useStudy()
  const messages = useMessages()

  async function show(create: () => Promise<ProjectSummary>): Promise<void> {
    const project = await messages.attempt('The project could not be made', create)
    if (project) await router.push({ name: 'design', params: { project: project.id } })
  }

  const newEmpty = (): Promise<void> => show(() => workspace.create({ name: 'New study', from: { yaml: emptyStudy } }))
  const newFromRecipe = (recipe: string): Promise<void> => show(() => workspace.create({ from: { recipe } }))
  const newFromYaml = (name: string, yaml: string): Promise<void> =>
    show(() => workspace.create({ name: name.replace(/\.(ya?ml|json)$/i, '') || 'study', from: { yaml } }))

  async function openStudyFile(): Promise<void> {
    const file = await messages.attempt('The file could not be read', () => openTextFile('.yaml,.yml,.json'))
    if (file) await newFromYaml(file.name, file.text)
  }

  /** Saves what is edited and starts the active project's study; shows its runs. */
  async function runActive(project = study.project ?? workspace.workspace?.active ?? null): Promise<void> {
    if (!project) return
    const started = await messages.attempt('The study could not be started', async () => {
      if (study.project === project && study.dirty && !(await study.save())) return undefined
      return experiment.start(project)
    })
    if (started) await router.push({ name: 'runs', params: { project, experiment: started.id } })
  }

  return { newEmpty, newFromRecipe, newFromYaml, openStudyFile, runActive }
}
