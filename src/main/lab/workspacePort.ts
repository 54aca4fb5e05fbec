import type { ExperimentSummary, Settings } from '@contract/types'

/** A project as the index stores it; the study file beside it is the truth of its contents. */
export interface ProjectRecord {
  readonly id: string
  readonly name: string
  readonly createdAt: string
  readonly openedAt: string
  readonly revision: number
  /** set by deleting; undo clears it */
  readonly removedAt: string | null
  /** set by archiving */
  readonly archivedAt?: string | null
}

/** What clients hear of an experiment, and what only the workspace keeps. */
export interface ExperimentRecord extends ExperimentSummary {
  readonly sparkline: readonly number[]
  readonly removedAt: string | null
}

export interface WorkspaceIndex {
  readonly format: 1
  readonly active: string | null
  readonly projects: readonly ProjectRecord[]
  readonly experiments: readonly ExperimentRecord[]
  /** external commands that the user has allowed */
  readonly commands?: readonly (readonly string[])[]
}

/** The lab's memory between starts. Every write is complete or absent. */
export interface WorkspaceStore {
  readonly folder: string
  /** what had to be set aside on opening, in words for the user; an index that was lost is made anew from the folders */
  readonly damage: readonly string[]
  index(): WorkspaceIndex
  update(change: (index: WorkspaceIndex) => WorkspaceIndex): Promise<void>
  settings(): Settings
  changeSettings(change: (settings: Settings) => Settings): Promise<void>
  /** Text of a project's study; rejects with `not-found` when the file is gone. */
  readStudy(project: string): Promise<string>
  writeStudy(project: string, yaml: string): Promise<void>
  /** Absolute path of a project's study file: relative data paths start from its folder. */
  studyPath(project: string): string
  projectFolder(project: string): string
  experimentFolder(project: string, experiment: string): string
  close(): Promise<void>
}
