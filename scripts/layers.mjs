// Which folder may import what: read by the lint configuration and by the test that walks every import.

const node = { patterns: '^node:', reason: 'This folder is free of Node.' }
const electron = { patterns: '^electron($|/)', reason: 'Only main/electron, main/index and the preload know Electron.' }
const vue = { patterns: '^(vue|pinia|vue-router|reka-ui|@vueuse)($|/)', reason: 'Vue stays in the renderer.' }
const up = (names, reason) => ({ patterns: `^(@(${names.join('|')})/|(\\.\\./)+(${names.join('|')})/)`, reason })

/** Pure folders may use these packages and no others. */
export const purePackages = ['zod', 'yaml', 'd3-dsv', 'fflate', '@noble/hashes', '@stdlib', 'echarts', 'birpc', '@msgpack/msgpack']
const foreign = {
  patterns: `^(?!\\.|@engine/|@contract/|@figures/|(${purePackages.join('|')})($|/))`,
  reason: 'Pure folders use a short list of pure packages (scripts/layers.mjs).',
}

export const layers = [
  {
    folder: 'src/engine/core',
    forbid: [
      foreign,
      up(['contract', 'figures', 'backends', 'main'], 'The engine imports nothing above it.'),
      { patterns: '^(\\.\\./(data|graph|nn|strategies|metrics|study|analysis)|@engine)/', reason: 'core imports only itself.' },
    ],
  },
  { folder: 'src/engine', forbid: [foreign, up(['contract', 'figures', 'backends', 'main'], 'The engine imports nothing above it.')] },
  { folder: 'src/contract', forbid: [foreign, up(['figures', 'backends', 'main'], 'The contract knows only the engine.')] },
  { folder: 'src/figures', forbid: [foreign, up(['backends', 'main'], 'Figures know only the engine and the contract.')] },
  { folder: 'src/backends', forbid: [electron, vue, up(['contract', 'figures', 'main'], 'Backends know only the engine.')] },
  {
    folder: 'src/main/lab',
    forbid: [
      electron,
      vue,
      up(['backends'], 'The lab talks to ports; it never computes.'),
      { patterns: '^(@main/|\\.\\./)(node|cli|electron|entries|exporting)/', reason: 'The lab talks to its own ports.' },
      node,
    ],
  },
  {
    folder: 'src/main/node',
    forbid: [electron, vue, { patterns: '^(@main/|(\\.\\./)+)(cli|electron|entries)/', reason: 'Adapters do not know who wires them.' }],
  },
  { folder: 'src/main/exporting', forbid: [electron, vue, up(['backends'], 'Exporting reads results.')] },
  { folder: 'src/main/cli', forbid: [electron, vue] },
  { folder: 'src/main/electron', forbid: [vue, up(['engine', 'backends', 'figures'], 'The shell never computes.')] },
  { folder: 'src/preload', forbid: [node, vue, up(['engine', 'backends', 'figures', 'main'], 'The preload is a bridge.')] },
  {
    folder: 'src/renderer',
    forbid: [
      node,
      electron,
      up(['backends', 'main'], 'The renderer never reaches the host.'),
      {
        patterns: '^@engine/(?!core/|study/|analysis/|data/dataset$|strategies/contract$|nn/(model|executor)$)',
        reason: 'The renderer uses core, study and analysis of the engine.',
      },
    ],
  },
]
