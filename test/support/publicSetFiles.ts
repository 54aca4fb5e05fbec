import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { strToU8, zipSync } from 'fflate'

type Files = Readonly<Record<string, Uint8Array>>

/** A tar archive (ustar) of files. */
export function tar(files: Files): Uint8Array {
  const parts = Object.entries(files).flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512)
    header.write(name, 0)
    header.write('0000644\0', 100)
    header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('        ', 148)
    header.write('0', 156)
    header.write('ustar\x0000', 257)
    const sum = header.reduce((a, b) => a + b, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]
  })
  return Buffer.concat([...parts, Buffer.alloc(1024)])
}

const tgz = (files: Files): Uint8Array => gzipSync(tar(files))
const zip = (files: Readonly<Record<string, string | Uint8Array>>): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(files).map(([name, data]) => [name, typeof data === 'string' ? strToU8(data) : data])))

function idx(shape: readonly number[], value: (i: number) => number): Uint8Array {
  const head = Buffer.alloc(4 + 4 * shape.length)
  head.writeUInt32BE(0x800 + shape.length)
  shape.forEach((axis, j) => head.writeUInt32BE(axis, 4 + 4 * j))
  const values = shape.reduce((a, b) => a * b, 1)
  return gzipSync(Buffer.concat([head, Uint8Array.from({ length: values }, (_, i) => value(i))]))
}

const idxFiles = (): Files => ({
  'train-images-idx3-ubyte.gz': idx([20, 28, 28], (i) => i % 251),
  'train-labels-idx1-ubyte.gz': idx([20], (i) => i % 10),
  't10k-images-idx3-ubyte.gz': idx([10, 28, 28], (i) => i % 249),
  't10k-labels-idx1-ubyte.gz': idx([10], (i) => i),
})

/** Records of label bytes and 3,072 pixels. */
const cifarRecords = (labels: readonly (readonly number[])[], seed: number): Uint8Array =>
  Buffer.concat(labels.flatMap((own, i) => [Uint8Array.from(own), new Uint8Array(3072).fill((seed + 7 * i) % 256)]))
const ten = Array.from({ length: 10 }, (_, i) => i)

/** An uncompressed MATLAB 5 file with pictures X (32×32×3×n) and labels y (n×1). */
function matlab(labels: readonly number[], seed: number): Uint8Array {
  const head = Buffer.alloc(128, ' ')
  head.write('MATLAB 5.0 MAT-file')
  head.writeUInt16LE(0x0100, 124)
  head.write('IM', 126)
  const element = (type: number, data: Uint8Array): Buffer => {
    const tag = Buffer.alloc(8)
    tag.writeUInt32LE(type)
    tag.writeUInt32LE(data.length, 4)
    return Buffer.concat([tag, data, Buffer.alloc((8 - (data.length % 8)) % 8)])
  }
  const ints = (values: readonly number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer)
  const variable = (name: string, shape: readonly number[], data: Uint8Array): Buffer =>
    element(14, Buffer.concat([element(6, ints([9, 0])), element(5, ints(shape)), element(1, Buffer.from(name)), element(2, data)]))
  const pixels = Uint8Array.from({ length: 3072 * labels.length }, (_, i) => (i * seed) % 256)
  return Buffer.concat([
    head,
    variable('X', [32, 32, 3, labels.length], pixels),
    variable('y', [labels.length, 1], Uint8Array.from(labels)),
  ])
}

/** A MATLAB 4 file with pictures of 64×64 pixels as the columns of `faces`, and a matrix beside them. */
function faces(count: number): Uint8Array {
  const variable = (name: string, type: number, rows: number, columns: number, data: Uint8Array): Buffer => {
    const head = Buffer.alloc(20 + name.length + 1)
    ;[type, rows, columns, 0, name.length + 1].forEach((value, i) => head.writeInt32LE(value, 4 * i))
    head.write(name, 20)
    return Buffer.concat([head, data])
  }
  // Brightness falls from line to line: lines run fastest in a column.
  const pixels = Uint8Array.from({ length: 4096 * count }, (_, i) => (i % 64) + Math.floor(i / 4096))
  return Buffer.concat([variable('p', 0, 1, 2, new Uint8Array(16)), variable('faces', 50, 4096, count, pixels)])
}

const pictures = (folders: readonly string[], ending: string): Record<string, Uint8Array> => {
  const jpeg = readFileSync(resolve(import.meta.dirname, '../fixtures/importers/plain.jpeg'))
  return Object.fromEntries(folders.flatMap((folder) => [0, 1].map((i) => [`${folder}/${i}.${ending}`, jpeg])))
}

const wordnet = ['n01440764', 'n02102040']
const digitRow = (label: number): string => [...Array.from({ length: 64 }, (_, j) => (j * label) % 17), label].join(',')
const mailRow = (label: number): string => [...Array.from({ length: 57 }, (_, j) => (j + label) / 8), label].join(',')

/** Small files in the arrangement of each public set, with what lies beside the data in the real ones. */
export const publicSetFiles: Readonly<Record<string, () => Files>> = {
  'fashion-mnist': idxFiles,
  mnist: idxFiles,
  kmnist: idxFiles,
  'cifar-10': () => ({
    'cifar-10-binary.tar.gz': tgz({
      'cifar-10-batches-bin/batches.meta.txt': strToU8('airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n'),
      'cifar-10-batches-bin/data_batch_1.bin': cifarRecords(
        ten.map((i) => [i]),
        1,
      ),
      'cifar-10-batches-bin/data_batch_2.bin': cifarRecords(
        ten.map((i) => [i]),
        2,
      ),
      'cifar-10-batches-bin/readme.html': strToU8('<html></html>'),
      'cifar-10-batches-bin/test_batch.bin': cifarRecords(
        ten.map((i) => [i]),
        3,
      ),
    }),
  }),
  'cifar-100': () => {
    const hundred = Array.from({ length: 100 }, (_, i) => [Math.floor(i / 5), i])
    return {
      'cifar-100-binary.tar.gz': tgz({
        'cifar-100-binary/train.bin': cifarRecords(hundred, 1),
        'cifar-100-binary/test.bin': cifarRecords(hundred, 2),
        'cifar-100-binary/fine_label_names.txt': strToU8(hundred.map(([, i]) => `fine_${i}`).join('\n')),
        'cifar-100-binary/coarse_label_names.txt': strToU8('a\nb\n'),
      }),
    }
  },
  svhn: () => ({ 'train_32x32.mat': matlab([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10], 3), 'test_32x32.mat': matlab([10, 1], 5) }),
  'svhn-extra': () => ({ 'extra_32x32.mat': matlab([10, 2, 3, 4, 5, 6, 7, 8, 9, 1], 7), 'test_32x32.mat': matlab([10, 1], 5) }),
  'stl-10': () => ({
    'stl10_binary.tar.gz': tgz({
      'stl10_binary/test_X.bin': new Uint8Array(10 * 27_648).fill(4),
      'stl10_binary/test_y.bin': Uint8Array.from(ten, (i) => i + 1),
      'stl10_binary/train_X.bin': new Uint8Array(10 * 27_648).map((_, i) => i % 256),
      'stl10_binary/train_y.bin': Uint8Array.from(ten, (i) => i + 1),
      'stl10_binary/unlabeled_X.bin': new Uint8Array(27_648),
      'stl10_binary/class_names.txt': strToU8('airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n'),
      'stl10_binary/fold_indices.txt': strToU8('0 1 2\n'),
    }),
  }),
  imagenette: () => ({
    'imagenette2-160.tgz': tgz({
      ...pictures([...wordnet.map((id) => `imagenette2-160/train/${id}`), ...wordnet.map((id) => `imagenette2-160/val/${id}`)], 'JPEG'),
      'imagenette2-160/noisy_imagenette.csv': strToU8('path,noisy_labels_0\n'),
    }),
  }),
  'oxford-pets': () => {
    const fixture = (name: string): Uint8Array => readFileSync(resolve(import.meta.dirname, '../fixtures/importers', name))
    const animals = ['Abyssinian_1', 'american_bulldog_10', 'Abyssinian_2', 'american_bulldog_2']
    const line = (name: string): string => `${name} ${name.startsWith('A') ? '1 1 1' : '2 2 1'}\n`
    return {
      'images.tar.gz': tgz({
        'images/Abyssinian_1.jpg': fixture('plain.jpeg'),
        'images/Abyssinian_2.jpg': fixture('plain.gif'), // as in the real set, not every one is a JPEG file
        'images/american_bulldog_10.jpg': fixture('plain-RGB.bmp'),
        'images/american_bulldog_2.jpg': fixture('deep.png'),
        'images/Abyssinian_100.mat': strToU8('MATLAB 5.0 MAT-file'),
      }),
      'annotations.tar.gz': tgz({
        'annotations/README': strToU8('OXFORD-IIIT PET Dataset\n'),
        'annotations/list.txt': strToU8(`#Image CLASS-ID SPECIES BREED ID\n${animals.map(line).join('')}`),
        'annotations/trainval.txt': strToU8(animals.slice(0, 2).map(line).join('')),
        'annotations/test.txt': strToU8(animals.slice(2).map(line).join('')),
        'annotations/trimaps/._Abyssinian_1.png': Uint8Array.of(0),
        'annotations/trimaps/Abyssinian_1.png': fixture('deep.png'),
        'annotations/xmls/Abyssinian_1.xml': strToU8('<annotation></annotation>'),
      }),
    }
  },
  olivetti: () => ({ 'olivettifaces.mat': faces(40) }),
  eurosat: () => ({ 'EuroSAT.zip': zip(pictures(['2750/AnnualCrop', '2750/Forest'], 'jpg')) }),
  'ag-news': () => ({
    'train.csv': strToU8(ten.map((i) => `"${(i % 4) + 1}","Title ${i}, with a comma","He said ""no"" at ${i}."\n`).join('')),
    'test.csv': strToU8('"1","World","a"\n"4","Chips","b"\n'),
  }),
  'sst-2': () => ({
    'SST-2.zip': zip({
      'SST-2/train.tsv': 'sentence\tlabel\nhide new secretions \t0\n"a quotation that never ends \t1\nfine \t1\n',
      'SST-2/dev.tsv': "sentence\tlabel\nit 's a charming journey . \t1\nunflinchingly bleak \t0\n",
      'SST-2/test.tsv': 'index\tsentence\n0\tuneasy mishmash\n',
      'SST-2/original/dictionary.txt': '!|0\n',
    }),
  }),
  imdb: () => {
    const reviews = ['train/pos', 'train/neg', 'train/unsup', 'test/pos', 'test/neg'].flatMap((folder) =>
      [0, 1].map((i): [string, Uint8Array] => [`aclImdb/${folder}/${i}_7.txt`, strToU8(`A film <br />of ${folder}, seen ${i} times`)]),
    )
    return {
      'aclImdb_v1.tar.gz': tgz({
        ...Object.fromEntries(reviews),
        'aclImdb/README': strToU8('Large Movie Review Dataset v1.0'),
        'aclImdb/imdb.vocab': strToU8('the\nand\n'),
        'aclImdb/train/labeledBow.feat': strToU8('9 0:9\n'),
        'aclImdb/train/urls_pos.txt': strToU8('http://example.com\n'),
      }),
    }
  },
  '20-newsgroups': () => {
    const posts = ['train/alt.atheism', 'train/sci.space', 'test/alt.atheism', 'test/sci.space'].flatMap((folder) =>
      [1, 2].map((i): [string, Uint8Array] => [
        `20news-bydate-${folder}/5${i}`,
        Uint8Array.of(...strToU8(`Subject: ${folder} ${i}\n\n`), 0xe9),
      ]),
    )
    return { '20news-bydate.tar.gz': tgz(Object.fromEntries(posts)) }
  },
  'sms-spam': () => ({
    'smsspamcollection.zip': zip({
      readme: 'SMS Spam Collection v.1\n',
      SMSSpamCollection: 'ham\tGo until jurong point, crazy.. "Available\nspam\tFree entry, "win"; call now\nham\t"Ok lar\n',
    }),
  }),
  optdigits: () => ({
    'optdigits.zip': zip({
      Index: 'Index of optdigits\n',
      'optdigits.names': '1. Title\n',
      'optdigits.tra': ten.map((i) => digitRow(i)).join('\n'),
      'optdigits.tes': ten.map((i) => digitRow(9 - i)).join('\n'),
      'optdigits-orig.tra.Z': Uint8Array.of(0x1f, 0x9d, 0x90),
    }),
  }),
  spambase: () => ({
    'spambase.zip': zip({
      'spambase.DOCUMENTATION': '1. Title: SPAM\n',
      'spambase.data': [1, 0, 1, 0].map(mailRow).join('\n'),
      'spambase.names': '| SPAM\n1, 0.\n',
    }),
  }),
}
