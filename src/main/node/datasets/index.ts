export { importDataset } from './importing/importDataset'
export { previewImport } from './importing/preview'
export { exportDataset } from './imported/exportDataset'
export {
  addSplit,
  readSplit,
  removeDataset,
  requireStored,
  restoreDataset,
  splitsOf,
  storedInfo,
  valueNamesOf as datasetFeatureNames,
} from './imported/store'
export { datasetInfo, listDatasets, loadDataset } from './library'
