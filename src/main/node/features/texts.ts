import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import type { OnnxFeed, OnnxPort } from '@backends/onnx/model'
import { badInput } from '@engine/core/errors'
import { z } from '@engine/core/zod'
import { toQuerentError, withFile } from '../errors'

/** The words of training rows. */
export type TextSource = (rows: readonly number[]) => Promise<readonly string[]>

/** Token ids of texts, cut to a length and padded to the longest of a batch. */
export interface TokenReader {
  /** Inputs of the model for `texts`: ids, and whatever else it asks for; the mask (n × tokens) says which tokens are text. */
  feeds(texts: readonly string[]): { readonly feeds: Record<string, OnnxFeed>; readonly mask: BigInt64Array; readonly tokens: number }
}

const paddingSchema = z.object({ padding: z.object({ pad_id: z.int() }).nullable().optional() })

/** The `tokenizer.json` that belongs to a model: beside it, or in the folder above (`onnx/model.onnx`). */
export const tokenizerBeside = (model: string): string | undefined =>
  [join(dirname(model), 'tokenizer.json'), join(dirname(model), '..', 'tokenizer.json')].find(existsSync)

export async function openTokenizer(file: string, inputs: readonly OnnxPort[], maxTokens: number, name: string): Promise<TokenReader> {
  const strange = inputs.find(({ name: input }) => !['input_ids', 'attention_mask', 'token_type_ids'].includes(input))
  if (strange !== undefined)
    throw badInput(`${name} asks for an input "${strange.name}" that texts do not give`, {
      file: name,
      found: strange.name,
      expected: 'input_ids · attention_mask · token_type_ids',
    })
  const tokenizer = await withFile(file, async () => {
    try {
      const description: unknown = JSON.parse(await readFile(file, 'utf8'))
      const padding = paddingSchema.parse(description).padding?.pad_id ?? 0
      return { encoder: new Tokenizer(description as object, {}), padding }
    } catch (error) {
      const known = toQuerentError(error, file)
      throw known.code === 'internal' ? badInput(`${file}: no tokeniser can be made of this file: ${known.message}`, { file }) : known
    }
  })
  return {
    feeds: (texts) => {
      const ids = texts.map((text) => cut(tokenizer.encoder.encode(text).ids, maxTokens))
      const tokens = Math.max(1, ...ids.map((own) => own.length))
      const all = new BigInt64Array(texts.length * tokens).fill(BigInt(tokenizer.padding))
      const mask = new BigInt64Array(texts.length * tokens)
      ids.forEach((own, i) => {
        own.forEach((id, t) => (all[i * tokens + t] = BigInt(id)))
        mask.fill(1n, i * tokens, i * tokens + own.length)
      })
      const shape = [texts.length, tokens]
      const arrays = { input_ids: all, attention_mask: mask, token_type_ids: new BigInt64Array(all.length) }
      return {
        feeds: Object.fromEntries(inputs.map((input) => [input.name, { data: arrays[input.name as keyof typeof arrays], shape }])),
        mask,
        tokens,
      }
    },
  }
}

/** The first tokens; the last one, which ends a text, stays the last. */
const cut = (ids: readonly number[], most: number): readonly number[] =>
  ids.length <= most ? ids : [...ids.slice(0, most - 1), ids[ids.length - 1]]
