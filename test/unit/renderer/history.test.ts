import { describe, expect, it } from 'vitest'
import { pushEdit, redo, startHistory, undo } from '@/state/history'

describe('text history', () => {
  it('undoes and redoes edits in order', () => {
    let history = startHistory('a')
    history = pushEdit(history, 'b', null, 0)
    history = pushEdit(history, 'c', null, 0)
    expect(undo(history).present).toBe('b')
    expect(undo(undo(history)).present).toBe('a')
    expect(redo(undo(history)).present).toBe('c')
  })

  it('merges quick typing of one kind into one step, and nothing else', () => {
    let history = startHistory('')
    history = pushEdit(history, 'h', 'yaml', 0)
    history = pushEdit(history, 'hi', 'yaml', 500)
    history = pushEdit(history, 'hi!', 'yaml', 2000)
    expect(undo(history).present).toBe('hi')
    expect(undo(undo(history)).present).toBe('')
    const other = pushEdit(pushEdit(startHistory(''), 'a', 'yaml', 0), 'b', null, 1)
    expect(undo(other).present).toBe('a')
  })

  it('drops the future with a new edit and ignores one that changes nothing', () => {
    const history = undo(pushEdit(startHistory('a'), 'b', null, 0))
    const next = pushEdit(history, 'c', null, 0)
    expect(redo(next)).toBe(next)
    expect(pushEdit(next, 'c', null, 0)).toBe(next)
    expect(undo(startHistory('a')).present).toBe('a')
  })
})
