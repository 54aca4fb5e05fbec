import { bytes, concatenate, integer, message, text, type Encoded } from '@backends/onnx/protobuf'

const float = 1
const int64 = 7

/** A text model: input_ids and attention_mask (samples × tokens, int64) to last_hidden_state (samples × tokens × d) by looking up rows of a table. */
export function lookupModel(table: Float32Array, width: number): Uint8Array {
  const port = (field: number, name: string, type: number, shape: readonly (string | number)[]): Encoded =>
    message(field, [text(1, name), message(2, [message(1, [integer(1, type), message(2, shape.map(dimension))])])])
  const raw = new Uint8Array(table.buffer, table.byteOffset, table.byteLength)
  const weights = message(5, [integer(1, table.length / width), integer(1, width), integer(2, float), text(8, 'table'), bytes(9, raw)])
  return concatenate([
    integer(1, 10),
    message(7, [
      message(1, [text(1, 'table'), text(1, 'input_ids'), text(2, 'last_hidden_state'), text(4, 'Gather')]),
      text(2, 'lookup'),
      weights,
      port(11, 'input_ids', int64, ['samples', 'tokens']),
      port(11, 'attention_mask', int64, ['samples', 'tokens']),
      port(12, 'last_hidden_state', float, ['samples', 'tokens', width]),
    ]),
    message(8, [text(1, ''), integer(2, 21)]),
  ])
}

const dimension = (length: string | number): Encoded => message(1, [typeof length === 'number' ? integer(1, length) : text(2, length)])
