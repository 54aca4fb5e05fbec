import { badInput, unsupported } from '@engine/core/errors'
import { isZip } from '../source/zip'

export const pickled = (file: string, what: string): Error =>
  badInput(
    `${file}: this is ${what}; reading it could run code. Export plain arrays from Python instead: ` +
      `numpy.savez('data.npz', inputs=numpy.asarray(x), labels=numpy.asarray(y))`,
    { file, found: what, expected: '.npy, .npz, .safetensors, tables or images' },
  )

/** Pickles of protocol 0 are text, so that a table would be seen in them. */
export function isPickle(head: Uint8Array, name: string): boolean {
  const text = new TextDecoder('latin1').decode(head.subarray(0, 64))
  return (
    (head[0] === 0x80 && head[1] >= 2 && head[1] <= 5) ||
    /^(c[a-z_][\w.]*\n\w+\np0\n|\([dl]p0\n)/.test(text) ||
    /\.(pkl|pickle|joblib)$/i.test(name)
  )
}

/** The reason why a file that no importer takes is not read. */
export function refuse(head: Uint8Array, name: string): Error {
  const text = new TextDecoder('latin1').decode(head.subarray(0, 16))
  if (head.length === 0) return badInput(`${name}: the file is empty`, { file: name })
  if (isPickle(head, name)) return pickled(name, 'a Python pickle')
  if (/\.(pth?|ckpt)$/i.test(name)) return pickled(name, 'a PyTorch file')
  if (text.startsWith('\x89HDF') || text.startsWith('MATLAB 7.3'))
    return unsupported(
      `${name}: HDF5 (also MATLAB 7.3) is not read. Export it from Python: ` +
        `import h5py, numpy; f = h5py.File('${name}'); numpy.savez('data.npz', **{k: v[()] for k, v in f.items()})`,
      { file: name, found: 'HDF5', expected: '.npz' },
    )
  if (/\.mat$/i.test(name))
    return unsupported(
      `${name}: only MATLAB 4 and 5 files are read. Save it again from Python: ` +
        `import scipy.io as s; s.savemat('v5.mat', {k: v for k, v in s.loadmat('${name}').items() if k[0] != '_'})`,
      { file: name, expected: 'MATLAB 4 or 5' },
    )
  if (isZip(head)) return badInput(`${name}: a zip archive inside an archive; unpack the outer one first`, { file: name })
  if (text.startsWith('\x1f\x8b')) return badInput(`${name}: packed twice; unpack it once`, { file: name })
  if (/^(RDX|RDA|X\n|\xfd7zXZ)/.test(text))
    return unsupported(`${name}: R data files are not read. Export it from R: write.csv(x, 'x.csv', row.names = FALSE)`, { file: name })
  return badInput(`${name}: no known data format`, {
    file: name,
    found: [...head.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
    expected:
      '.npy · .npz · .safetensors · CSV · JSONL · Parquet · Arrow · ARFF · LIBSVM · IDX · MATLAB 4 and 5 · images · zip or tar of these',
  })
}
