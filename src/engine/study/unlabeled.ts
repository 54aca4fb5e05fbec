/** Why rows without a label cannot be part of a study, naming the first. */
export const unlabeledMessage = (name: string, rows: ArrayLike<number>): string =>
  `${name} has no label for ${rows.length === 1 ? 'row' : 'rows'} ${Array.from({ length: Math.min(5, rows.length) }, (_, i) => rows[i]).join(', ')}${rows.length > 5 ? ` and ${rows.length - 5} more` : ''}: what labelling them would bring cannot be simulated`
