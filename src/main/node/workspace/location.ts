import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'

/** Where projects live unless `--workspace` or QUERENT_WORKSPACE says otherwise; the platform's place for application data. */
export function defaultWorkspace(): string {
  if (process.env.QUERENT_WORKSPACE) return process.env.QUERENT_WORKSPACE
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Querent')
  if (process.platform === 'win32') return join(process.env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Querent')
  return join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'querent')
}

/** Folder of a workspace's imported data sets. */
export const libraryOf = (workspace: string): string => join(workspace, 'datasets')

/** The workspace whose data sets a library holds. */
export const workspaceOf = (library: string): string => dirname(library)

/** Folder of a workspace's stored features. */
export const featuresOf = (workspace: string): string => join(workspace, 'features')

/** Folder of a workspace's labelling sessions. */
export const labellingOf = (workspace: string): string => join(workspace, 'labelling')

/** Folder of a workspace's models. */
export const modelsOf = (workspace: string): string => join(workspace, 'models')

/** Folder of a workspace's maps, which can be computed again. */
export const mapsOf = (workspace: string): string => join(workspace, 'cache', 'maps')
