import type { ProjectSummary } from '@contract/types'
import { useWorkspace } from '@/state/workspace'

/** The projects whose studies name a data set. */
export function useUsers(): (dataset: string) => readonly ProjectSummary[] {
  const workspace = useWorkspace()
  return (dataset) => workspace.projects.filter((project) => project.dataset.split(', ').includes(dataset))
}
