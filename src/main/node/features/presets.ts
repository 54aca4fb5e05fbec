import type { FeatureNetwork } from '@contract/features'
import type { ExtractionSettings } from './settings'

/** A public network that makes features, with what its inputs look like. Nothing of it comes with the app. */
export interface ModelPreset extends Pick<FeatureNetwork, 'id' | 'title' | 'reads' | 'width' | 'source' | 'licence'> {
  /** bytes of all files, as far as they are known: rounded */
  readonly about: number
  /** the model first; no checksums are published, so that of the first download is kept and compared from then on */
  readonly files: readonly { readonly name: string; readonly url: string }[]
  readonly settings: Partial<ExtractionSettings>
}

const hub = (repository: string, path: string): string => `https://huggingface.co/${repository}/resolve/main/${path}`

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }

export const modelPresets: readonly ModelPreset[] = [
  {
    id: 'dinov2-small',
    title: 'DINOv2 ViT-S/14, self-supervised',
    reads: 'images',
    width: 384,
    source: 'DINOv2 (Oquab et al. 2023), Meta AI; ONNX file of Xenova/dinov2-small',
    licence: 'Apache-2.0',
    about: 90e6,
    files: [{ name: 'model.onnx', url: hub('Xenova/dinov2-small', 'onnx/model.onnx') }],
    settings: { ...imagenet, size: [224, 224], filter: 'bicubic', output: 'last_hidden_state', pooling: 'first' },
  },
  {
    id: 'clip-vit-b32',
    title: 'CLIP ViT-B/32, the part that reads images',
    reads: 'images',
    width: 512,
    source: 'CLIP (Radford et al. 2021), OpenAI; ONNX file of Xenova/clip-vit-base-patch32',
    licence: 'MIT (code of CLIP; the weights are published for research, see the model card)',
    about: 350e6,
    files: [{ name: 'model.onnx', url: hub('Xenova/clip-vit-base-patch32', 'onnx/vision_model.onnx') }],
    settings: {
      size: [224, 224],
      filter: 'bicubic',
      mean: [0.48145466, 0.4578275, 0.40821073],
      std: [0.26862954, 0.26130258, 0.27577711],
      output: 'image_embeds',
    },
  },
  {
    id: 'resnet-50',
    title: 'ResNet-50, supervised on ImageNet-1k: its 1,000 class scores as features',
    reads: 'images',
    width: 1000,
    source: 'ResNet (He et al. 2016), weights of microsoft/resnet-50; ONNX file of Xenova/resnet-50',
    licence: 'Apache-2.0',
    about: 103e6,
    files: [{ name: 'model.onnx', url: hub('Xenova/resnet-50', 'onnx/model.onnx') }],
    settings: { ...imagenet, size: [224, 224], filter: 'bicubic', output: 'logits' },
  },
  {
    id: 'all-minilm-l6-v2',
    title: 'all-MiniLM-L6-v2, sentence embeddings',
    reads: 'texts',
    width: 384,
    source: 'Sentence-BERT (Reimers & Gurevych 2019), all-MiniLM-L6-v2; ONNX file of Xenova/all-MiniLM-L6-v2',
    licence: 'Apache-2.0',
    about: 91e6,
    files: [
      { name: 'model.onnx', url: hub('Xenova/all-MiniLM-L6-v2', 'onnx/model.onnx') },
      { name: 'tokenizer.json', url: hub('Xenova/all-MiniLM-L6-v2', 'tokenizer.json') },
    ],
    settings: { output: 'last_hidden_state', pooling: 'mean', maxTokens: 256 },
  },
]

export const findPreset = (id: string): ModelPreset | undefined => modelPresets.find((preset) => preset.id === id)
