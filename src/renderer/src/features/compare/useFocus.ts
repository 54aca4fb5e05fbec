import { computed, onScopeDispose, ref, type ComputedRef, type WritableComputedRef } from 'vue'

/** The strategy that charts and tables let stand out: the one under the pointer, else the selected one. */
export interface Focus {
  readonly emphasis: ComputedRef<string | null>
  readonly selected: ComputedRef<string | null>
  over(strategy: string | null): void
  /** Selects it, or nothing when it is selected already. */
  select(strategy: string): void
}

/** Drawings are made anew under the pointer, which then seems to leave for a moment. */
const patience = 120

export function useFocus(selection: WritableComputedRef<string>, strategies: () => readonly string[]): Focus {
  const hovered = ref<string | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  const selected = computed(() => strategies().find((name) => name === selection.value) ?? null)
  onScopeDispose(() => clearTimeout(timer))
  return {
    emphasis: computed(() => hovered.value ?? selected.value),
    selected,
    over: (strategy) => {
      clearTimeout(timer)
      if (strategy === null) timer = setTimeout(() => (hovered.value = null), patience)
      else hovered.value = strategy
    },
    select: (strategy) => void (selection.value = selection.value === strategy ? '' : strategy),
  }
}

/** The strategy of whatever is under the pointer; asked at the page, because a row that is replaced never hears that the pointer left. */
export const strategyUnder = ({ target }: Event): string | null =>
  target instanceof Element ? (target.closest('[data-strategy]')?.getAttribute('data-strategy') ?? null) : null

/** What a table row of a strategy binds: it stands out with its curves, and a click selects it. */
export const rowOf = (focus: Focus, hidden: ReadonlySet<string>, strategy: string) => ({
  class: { dim: hidden.has(strategy), on: focus.emphasis.value === strategy },
  'data-strategy': strategy,
  onClick: () => focus.select(strategy),
})
