/** Types of networks in words. */
export const networkWords: Readonly<Record<string, string>> = {
  linear: 'linear',
  mlp: 'MLP',
  cnn: 'CNN',
  resnet: 'ResNet',
  cnn1d: '1-D CNN',
  vit: 'ViT',
  finetune: 'fine-tuned',
}
