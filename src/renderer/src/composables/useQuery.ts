import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** One value of the URL's query, so that reload, back and links keep it. The default is left out of the URL. */
export function useQuery(name: string, fallback = ''): WritableComputedRef<string> {
  const route = useRoute()
  const router = useRouter()
  const page = route.name
  return computed({
    get: () => (typeof route.query[name] === 'string' ? route.query[name] : fallback),
    set: (value) => {
      // What a page says while it goes does not belong into the URL of the next.
      if (route.name !== page || value === (route.query[name] ?? fallback)) return
      void router.replace({ query: { ...route.query, [name]: value === fallback ? undefined : value } })
    },
  })
}

/** A choice among known values; anything else in the URL reads as the fallback. */
export function useQueryChoice<V extends string>(name: string, values: readonly V[], fallback: V): WritableComputedRef<V> {
  const text = useQuery(name, fallback)
  return computed({
    get: () => values.find((value) => value === text.value) ?? fallback,
    set: (value) => void (text.value = value),
  })
}

/** A set of names, comma separated in the URL. */
export function useQuerySet(name: string): { readonly values: WritableComputedRef<ReadonlySet<string>>; toggle(value: string): void } {
  const text = useQuery(name)
  const values = computed<ReadonlySet<string>>({
    get: () => new Set(text.value.split(',').filter(Boolean).map(decodeURIComponent)),
    set: (set) => void (text.value = [...set].map(encodeURIComponent).join(',')),
  })
  return {
    values,
    toggle: (value) => {
      const next = new Set(values.value)
      if (!next.delete(value)) next.add(value)
      values.value = next
    },
  }
}
