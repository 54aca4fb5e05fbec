import { ChartLine, Crosshair, Database, Download, FolderKanban, Play, Settings2, SlidersHorizontal } from 'lucide-vue-next'
import type { Component } from 'vue'

export interface Page {
  readonly name: 'projects' | 'data' | 'design' | 'runs' | 'compare' | 'explore' | 'export' | 'settings'
  readonly title: string
  readonly icon: Component
  /** ⌘ and this digit open the page */
  readonly digit: number
}

export const pages: readonly Page[] = [
  { name: 'projects', title: 'Projects', icon: FolderKanban, digit: 1 },
  { name: 'data', title: 'Data', icon: Database, digit: 2 },
  { name: 'design', title: 'Design', icon: SlidersHorizontal, digit: 3 },
  { name: 'runs', title: 'Runs', icon: Play, digit: 4 },
  { name: 'compare', title: 'Compare', icon: ChartLine, digit: 5 },
  { name: 'explore', title: 'Explore', icon: Crosshair, digit: 6 },
  { name: 'export', title: 'Export', icon: Download, digit: 7 },
  { name: 'settings', title: 'Settings', icon: Settings2, digit: 8 },
]

/** Pages that are about one experiment of one project. */
export const experimentPages = ['runs', 'compare', 'explore', 'export'] as const
export const isExperimentPage = (name: unknown): name is (typeof experimentPages)[number] => experimentPages.some((page) => page === name)
