import { describeError } from './describeError'

/** The page when there is no lab to talk to: what happened, and what to do. */
export function showStartError(error: unknown): void {
  const root = document.querySelector('#app')
  const title = document.createElement('h1')
  title.textContent = 'Querent could not be reached'
  const text = document.createElement('p')
  text.textContent = describeError(error).message
  const again = document.createElement('button')
  again.textContent = 'Try again'
  again.className = 'input'
  again.addEventListener('click', () => location.reload())
  const page = document.createElement('main')
  page.className = 'start-error'
  page.append(title, text, again)
  root?.replaceChildren(page)
}
