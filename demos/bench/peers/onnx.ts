// ONNX models of one node, written byte by byte: what onnxruntime needs to run an operation. Fields as in onnx.proto.

type Bytes = readonly number[];

const varint = (value: number): Bytes =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
const whole = (field: number, value: number): Bytes => [...varint(field * 8), ...varint(value)];
const bytes = (field: number, content: Bytes): Bytes => [
  ...varint(field * 8 + 2),
  ...varint(content.length),
  ...content,
];
const text = (field: number, value: string): Bytes => bytes(field, [...new TextEncoder().encode(value)]);

/** ValueInfoProto: a name, and the f32 tensor's shape. */
function valueInfo(name: string, shape: readonly number[]): Bytes {
  const dimensions = shape.flatMap((length) => bytes(1, whole(1, length)));
  const tensorType = [...whole(1, 1), ...bytes(2, dimensions)];
  return [...text(1, name), ...bytes(2, bytes(1, tensorType))];
}

/** AttributeProto: integers (type 7), or one (type 2). */
function attribute(name: string, value: number | readonly number[]): Bytes {
  return typeof value === 'number'
    ? [...text(1, name), ...whole(3, value), ...whole(20, 2)]
    : [...text(1, name), ...value.flatMap((one) => whole(8, one)), ...whole(20, 7)];
}

/** A model that gives `y` from `inputs` by one node. */
export function onnxModel(
  op: string,
  inputs: Readonly<Record<string, readonly number[]>>,
  output: readonly number[],
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
): Uint8Array {
  const node = [
    ...Object.keys(inputs).flatMap((name) => text(1, name)),
    ...text(2, 'y'),
    ...text(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) => bytes(5, attribute(name, value))),
  ];
  const graph = [
    ...bytes(1, node),
    ...text(2, op),
    ...Object.entries(inputs).flatMap(([name, shape]) => bytes(11, valueInfo(name, shape))),
    ...bytes(12, valueInfo('y', output)),
  ];
  // IR version 8 with operators of version 17.
  return Uint8Array.from([...whole(1, 8), ...bytes(7, graph), ...bytes(8, whole(2, 17))]);
}
