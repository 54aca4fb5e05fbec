import type { DatasetKind } from '@engine/data/dataset'

/** How the files of a library set are read. */
export type CatalogFormat =
  | { readonly type: 'csv'; readonly file: string; readonly labelColumn: number | 'last'; readonly skipLines: number }
  | { readonly type: 'texts'; readonly train: string; readonly test: string; readonly features: number }
  | {
      readonly type: 'idx'
      readonly train: readonly [images: string, labels: string]
      readonly test: readonly [images: string, labels: string]
      /** SHA-256 of the unpacked files, where they come from elsewhere */
      readonly unpackedSha256?: Readonly<Record<string, string>>
    }

export interface CatalogEntry {
  readonly id: string
  readonly title: string
  readonly kind: DatasetKind
  readonly source: string
  readonly licence: string
  readonly format: CatalogFormat
  /** folder of the system that may be absent; null when the files come with the app */
  readonly folder: string | null
  readonly shape?: readonly number[]
  readonly valueRange?: number
  readonly classNames?: readonly string[]
}

const csv = (file: string, labelColumn: number | 'last' = 'last', skipLines = 0): CatalogFormat => ({
  type: 'csv',
  file,
  labelColumn,
  skipLines,
})

const idx = (prefix: string): Extract<CatalogFormat, { type: 'idx' }> => ({
  type: 'idx',
  train: [`${prefix}train-images-idx3-ubyte.gz`, `${prefix}train-labels-idx1-ubyte.gz`],
  test: [`${prefix}t10k-images-idx3-ubyte.gz`, `${prefix}t10k-labels-idx1-ubyte.gz`],
})

const garments = ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot']

/** The data sets that Querent knows by name, smallest step first; measured facts are in resources/data/index.json. */
export const catalog: readonly CatalogEntry[] = [
  {
    id: 'digits',
    title: 'Handwritten digits, 8×8 pixels',
    kind: 'image',
    source: 'UCI Optical Recognition of Handwritten Digits (Alpaydin & Kaynak 1998), test part, as distributed with scikit-learn',
    licence: 'CC BY 4.0',
    format: csv('digits.csv.gz'),
    folder: null,
    shape: [1, 8, 8],
    valueRange: 16,
  },
  {
    id: 'fashion-mnist-6k',
    title: 'Fashion-MNIST, first 6,000 + 2,000 images',
    kind: 'image',
    source: 'Fashion-MNIST (Xiao, Rasul & Vollgraf 2017), Zalando SE: first 6,000 training and first 2,000 test images',
    licence: 'MIT',
    format: idx('fashion-mnist-6k-'),
    folder: null,
    valueRange: 255,
    classNames: garments,
  },
  {
    id: 'letter',
    title: 'Letter recognition, 16 features of printed capitals',
    kind: 'tabular',
    source: 'UCI Letter Recognition (Frey & Slate 1991)',
    licence: 'CC BY 4.0',
    format: csv('letter.csv.gz', 0),
    folder: null,
  },
  {
    id: 'satellite',
    title: 'Satellite images, 3×3 neighbourhoods in 4 bands',
    kind: 'tabular',
    source: 'UCI Statlog (Landsat Satellite), A. Srinivasan 1993',
    licence: 'CC BY 4.0',
    format: csv('satellite.csv.gz'),
    folder: null,
  },
  {
    id: 'wine',
    title: 'Wine, 13 chemical measurements',
    kind: 'tabular',
    source: 'UCI Wine (Aeberhard & Forina 1991), as distributed with scikit-learn',
    licence: 'CC BY 4.0',
    format: csv('wine.csv', 'last', 1),
    folder: null,
    classNames: ['class_0', 'class_1', 'class_2'],
  },
  {
    id: 'breast-cancer',
    title: 'Breast cancer Wisconsin (diagnostic), 30 measurements of cell nuclei',
    kind: 'tabular',
    source: 'UCI Breast Cancer Wisconsin (Diagnostic) (Wolberg, Mangasarian, Street & Street 1993), as distributed with scikit-learn',
    licence: 'CC BY 4.0',
    format: csv('breast-cancer.csv.gz', 'last', 1),
    folder: null,
    classNames: ['malignant', 'benign'],
  },
  {
    id: 'spam',
    title: 'Spam and other mail, subject and first 400 characters',
    kind: 'text',
    source: 'SpamAssassin public mail corpus (2002–2003), as distributed with stdlib: 4,000 mails without headers, people taken out',
    licence: 'PDDL 1.0, contents CC0 1.0',
    format: { type: 'texts', train: 'spam-train.tsv.gz', test: 'spam-test.tsv.gz', features: 2048 },
    folder: null,
  },
  {
    id: 'voices',
    title: 'Spoken prompts in five languages, 12 bands × 32 steps',
    kind: 'series',
    source: 'Asterisk core sounds 1.6.1 (A. Smith, J. Wallack, C. Flora, M. Topal): band energies of 0.65 s of speech',
    licence: 'CC BY-SA 3.0',
    format: {
      type: 'idx',
      train: ['voices-train-inputs-idx3-ubyte.gz', 'voices-train-labels-idx1-ubyte.gz'],
      test: ['voices-test-inputs-idx3-ubyte.gz', 'voices-test-labels-idx1-ubyte.gz'],
    },
    folder: null,
    shape: [12, 32],
    valueRange: 15,
    classNames: ['English', 'Spanish', 'French', 'Italian', 'Russian'],
  },
  {
    id: 'fashion-mnist',
    title: 'Fashion-MNIST, 60,000 + 10,000 images',
    kind: 'image',
    source: "Fashion-MNIST (Xiao, Rasul & Vollgraf 2017), Zalando SE; from Debian's package dataset-fashion-mnist",
    licence: 'MIT',
    format: {
      ...idx(''),
      unpackedSha256: {
        'train-images-idx3-ubyte.gz': 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
        'train-labels-idx1-ubyte.gz': 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
        't10k-images-idx3-ubyte.gz': '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
        't10k-labels-idx1-ubyte.gz': '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
      },
    },
    folder: '/usr/share/datasets/fashion-mnist',
    valueRange: 255,
    classNames: garments,
  },
]
