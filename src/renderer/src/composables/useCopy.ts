import { copyText } from '@/client/copyText'
import { useMessages } from '@/state/messages'

/** Puts text on the clipboard and says so; `what` begins the sentence: "The caption". */
export function useCopy(): (text: string, what: string) => Promise<void> {
  const messages = useMessages()
  return async (text, what) => {
    const done = await copyText(text)
    messages.say(done ? { tone: 'good', title: `${what} is on the clipboard` } : { tone: 'bad', title: 'The clipboard is not available' })
  }
}
