export { datasetInfo, listDatasets, loadDataset } from './library'
