import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

/** Counts up to `last`, one step per frame from mounting on: parts of a pane that wait for their turn never hold up a click together. */
export function useStages(last: number): Ref<number> {
  const stage = ref(0)
  let frame = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const next = (): void => {
    frame = requestAnimationFrame(() => {
      // Behind the drawing of the frame, not before it.
      timer = setTimeout(() => {
        stage.value++
        if (stage.value < last) next()
      })
    })
  }
  onMounted(next)
  onBeforeUnmount(() => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
  })
  return stage
}
