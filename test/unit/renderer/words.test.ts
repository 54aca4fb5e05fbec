import { describe, expect, it } from 'vitest'
import { bytes, duration, pValue, sentence, signed, stars, when } from '@/composables/format'
import { formatKeys, matches } from '@/composables/useShortcuts'
import { rankCommands } from '@/features/frame/rankCommands'
import { yamlTokens } from '@/features/design/yamlTokens'

describe('numbers as people read them', () => {
  it('adapts times to their size', () => {
    expect([0.4, 850, 4200, 12_400, 59_960, 130_000, 3_600_000 + 5 * 60_000].map(duration)).toEqual([
      '0 ms',
      '850 ms',
      '4.2 s',
      '12 s',
      '1 min',
      '2 min 10 s',
      '1 h 05 min',
    ])
  })
  it('writes differences with their sign and never as a bare zero', () => {
    expect([3.42, -0.8, 0.03, -0.04].map((value) => signed(value))).toEqual(['+3.4', '−0.8', '+0.03', '−0.04'])
  })
  it('scales bytes', () => {
    expect([12, 1500, 2_500_000, 214e6].map(bytes)).toEqual(['12 B', '1.5 kB', '2.5 MB', '214 MB'])
  })
  it('prints p-values as papers do', () => {
    expect([0.0004, 0.006, 0.42].map(pValue)).toEqual(['< 0.001', '0.006', '0.42'])
    expect([0.0004, 0.006, 0.04, 0.42].map(stars)).toEqual(['***', '**', '*', 'n.s.'])
  })
  it('names days near and far', () => {
    const now = new Date('2026-11-22T12:00:00')
    expect(when('2026-11-22T09:05:00', now)).toBe('today, 09:05')
    expect(when('2026-11-21T16:08:00', now)).toBe('yesterday, 16:08')
    expect(when('2026-11-18T16:08:00', now)).toBe('18 Nov')
    expect(when('not a date', now)).toBe('')
  })
  it('turns a finding into a sentence without touching paths', () => {
    expect(sentence('use at least 7 seeds')).toBe('Use at least 7 seeds.')
    expect(sentence('protocol.seeds is too small.')).toBe('protocol.seeds is too small.')
  })
})

const key = (given: Partial<KeyboardEventInit> & { key: string }) =>
  ({ ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...given }) as KeyboardEvent

describe('shortcuts', () => {
  it('are written for each system', () => {
    expect(formatKeys('mod+shift+z', true)).toBe('⇧⌘Z')
    expect(formatKeys('mod+shift+z', false)).toBe('Ctrl Shift Z')
    expect(formatKeys('mod+enter', true)).toBe('⌘↵')
  })
  it('match exactly', () => {
    expect(matches('mod+z', key({ key: 'z', ctrlKey: true }), false)).toBe(true)
    expect(matches('mod+z', key({ key: 'Z', ctrlKey: true, shiftKey: true }), false)).toBe(false)
    expect(matches('mod+shift+z', key({ key: 'Z', ctrlKey: true, shiftKey: true }), false)).toBe(true)
    expect(matches('mod+z', key({ key: 'z', ctrlKey: true }), true)).toBe(false)
    expect(matches('?', key({ key: '?', shiftKey: true }), false)).toBe(true)
    expect(matches('t', key({ key: 't', altKey: true }), false)).toBe(false)
  })
})

describe('command search', () => {
  const commands = [{ label: 'Compare' }, { label: 'Run sample', hint: 'compare four' }, { label: 'Open Compare' }]
  it('puts what starts with the words first and hints last', () => {
    expect(rankCommands(commands, 'comp').map(({ label }) => label)).toEqual(['Compare', 'Open Compare', 'Run sample'])
    expect(rankCommands(commands, '')).toEqual(commands)
    expect(rankCommands(commands, 'nothing like it')).toEqual([])
  })
})

describe('YAML colours', () => {
  const kinds = (line: string) => yamlTokens(line).map(({ text, kind }) => `${kind}:${text}`)
  it('finds keys and comments', () => {
    expect(kinds('  seeds: 6   # pairs')).toEqual(['plain:  ', 'key:seeds', 'plain:: 6   ', 'comment:# pairs'])
    expect(kinds('- { id: badge, name: "a # b" }')).toEqual(['plain:- { ', 'key:id', 'plain:: badge, ', 'key:name', 'plain:: "a # b" }'])
  })
  it('keeps every character', () => {
    for (const line of ['training.weightStart: [reinit-fresh, carry]  # cold', '', '# only', "a: 'x: y'", '- random'])
      expect(
        yamlTokens(line)
          .map(({ text }) => text)
          .join(''),
      ).toBe(line)
  })
})
