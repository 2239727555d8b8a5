// What is timed: every op's own samples, shapes of real networks for each family, and shapes that a user types.

import { OptionError, suggestion } from '../../../src/core/errors.ts';
import { sizeOf } from '../../../src/core/shape.ts';
import type { Op, Sample, SampleInput } from '../../../src/graph/op.ts';
import { noEpilogue } from '../../../src/ops/epilogue.ts';
import { ops } from '../../../src/ops/index.ts';
import { halfRows } from '../../../src/ops/half_rows.ts';
import { window2d, type WindowOptions } from '../../../src/ops/window.ts';
import { callTypes, describeSample } from './check.ts';
import { familyNames, familyOps, familyRanks, familyShapes, type Family } from './families.ts';
import type { SuiteName } from './result.ts';

/** One op on one shape; each kernel that fits is a row. */
export interface Case {
  readonly suite: SuiteName;
  readonly op: Op;
  readonly sample: Sample<unknown>;
  /** For people, and with the op's name what makes rows comparable. */
  readonly shape: string;
}

export function opByName(name: string): Op {
  const op = Object.hasOwn(ops, name) ? ops[name] : undefined;
  if (op) return op;
  throw new OptionError(`no op '${name}'${suggestion(name, Object.keys(ops))}`);
}

/** What its rows call the work. */
export const workName = ({ op, shape }: Pick<Case, 'op' | 'shape'>): string => `${op.name} ${shape}`;

/** Every sample of `op`; with `quick` the one with the most work. */
export function sampleCases(op: Op, quick: boolean): Case[] {
  if (op.view) return [];
  const cases = op.samples.map((sample): Case => ({ suite: 'samples', op, sample, shape: describeSample(sample) }));
  return quick ? cases.sort((a, b) => workOf(b) - workOf(a)).slice(0, 1) : cases;
}

/** Operations and bytes together: what a time is predicted by. */
export function workOf({ op, sample }: Case): number {
  const call = callTypes(op, sample);
  const { flops, bytes } = op.cost?.(call) ?? { flops: 0, bytes: 0 };
  return flops + bytes;
}

/** Shapes of real networks, small ones first within each family. */
export function shapeCases(quick: boolean): Case[] {
  const shapes = familyShapes[quick ? 'quick' : 'full'];
  return familyNames.flatMap((family) => familyCases(family, shapes[family]));
}

/** A family's ops on shapes written as `familyRanks` says. OptionError where one is not. */
export function familyCases(family: Family, shapes: readonly string[]): Case[] {
  return shapes.flatMap((shape) => {
    const ranks = familyRanks[family];
    const sizes = lengths(shape.split(',')[0]!);
    if (!ranks.includes(sizes.length)) {
      throw new OptionError(
        `shape '${shape}' has ${sizes.length} lengths, and ${family} takes ${ranks.join(' or ')}: ${familyShapes.quick[family].join(', ')}`,
      );
    }
    switch (family) {
      case 'gemm':
        return [matmulCase(shape)];
      case 'conv':
        return familyOps.conv.map((op) => convCase(op, shape));
      case 'pool':
        return poolCases(shape);
      case 'softmax':
      case 'reduce':
        return rowCases(shape).filter(({ op }) => familyOps[family].includes(op.name));
      case 'normalize':
        return sizes.length === 4
          ? imageCases(shape)
          : rowCases(shape).filter(({ op }) => familyOps.normalize.includes(op.name));
      case 'elementwise':
      case 'optimizer':
        return arrayCases(sizes[0]!).filter(({ op }) => familyOps[family].includes(op.name));
    }
  });
}

/**
 * The same with every tensor as halves that mixed precision keeps so (`src/ops/half_rows.ts`); null where it keeps none. As
 * there, an output is stored as halves where its last axis, or its size, is a multiple of four.
 */
export function inHalves({ suite, op, sample, shape }: Case): Case | null {
  const row = Object.hasOwn(halfRows, op.name) ? halfRows[op.name]! : null;
  if (!row) return null;
  const { outputs } = callTypes(op, sample);
  const inputs = sample.inputs.map((input, i) =>
    row.reads.includes(i) && (input.dtype ?? 'f32') === 'f32' ? { ...input, dtype: 'f16' as const } : input,
  );
  const fours = (of: readonly number[]): boolean => (row.flat ? sizeOf(of) : (of.at(-1) ?? 1)) % 4 === 0;
  const dtypes = outputs.map((type, i) => (row.writes.includes(i) && fours(type.shape) ? 'f16' : type.dtype));
  return {
    suite,
    op: opByName(`${op.name}_f16`),
    sample: { inputs, attrs: { of: sample.attrs, outputs: dtypes } },
    shape,
  };
}

/** `--shape` for an op: MxKxN, an image with window words, or the inputs' shapes; see `shapeHelp`. */
export function shapedCase(name: string, shape: string, attrs: Readonly<Record<string, unknown>> | null): Case {
  const op = opByName(name);
  const made = shapedSample(op, shape);
  const sample = attrs ? { ...made, attrs: { ...(made.attrs as object), ...attrs } } : made;
  callTypes(op, sample); // ShapeError here rather than later
  return { suite: 'shapes', op, sample, shape: attrs ? `${shape} ${JSON.stringify(attrs)}` : shape };
}

export const shapeHelp = `matmul: MxKxN. conv2d and its gradients: NxHxWxC,k3,f64 with s2, d2, same as wished.
max_pool_2d and its gradient: NxHxWxC, with k3, s2. Others: the inputs' shapes, 4096x1000,4096x1000.`;

function shapedSample(op: Op, shape: string): Sample<unknown> {
  if (op.name === 'matmul' && /^\d+x\d+x\d+$/.test(shape)) return matmulCase(shape).sample;
  if (/^conv2d(_grad_(input|filter))?$/.test(op.name)) return convCase(op.name, shape).sample;
  if (/^max_pool_2d(_grad)?$/.test(op.name)) return poolCases(shape).find((one) => one.op === op)!.sample;
  const [model] = op.samples;
  const shapes = shape.split(',').map(lengths);
  if (shapes.length !== model!.inputs.length) {
    throw new OptionError(
      `--shape '${shape}' has ${shapes.length} shapes, and ${op.name} takes ${model!.inputs.length}`,
    );
  }
  return {
    inputs: model!.inputs.map((input, i): SampleInput => ({ ...input, shape: shapes[i]! })),
    attrs: model!.attrs,
  };
}

function lengths(text: string): number[] {
  if (text === '') return [];
  const found = text.split('x').map(Number);
  if (found.every((length) => Number.isInteger(length) && length > 0)) return found;
  throw new OptionError(`shape '${text}': expected lengths joined by x, such as 64x28x28x3`);
}

function matmulCase(shape: string): Case {
  const [m, k, n] = lengths(shape) as [number, number, number];
  const attrs = { transposeA: false, transposeB: false, ...noEpilogue };
  return {
    suite: 'shapes',
    op: opByName('matmul'),
    sample: { inputs: [{ shape: [m, k] }, { shape: [k, n] }], attrs },
    shape,
  };
}

/** `32x28x28x32,k3,f64,same` in the forms that the three ops of a convolution take. */
function convCase(name: string, shape: string): Case {
  const { image, filters, window } = windowed(shape, 'kernelSize');
  const rows = image[0] * window.output[0] * window.output[1];
  const w = { shape: [window.kernel[0] * window.kernel[1] * image[3], filters] };
  const [x, dy] = [{ shape: image }, { shape: [rows, filters] }];
  const samples: Record<string, Sample<unknown>> = {
    conv2d: { inputs: [x, w], attrs: { window, ...noEpilogue } },
    conv2d_grad_input: { inputs: [dy, w], attrs: { window, inputShape: image, ...noEpilogue } },
    conv2d_grad_filter: { inputs: [x, dy], attrs: { window, inputShape: image } },
  };
  return { suite: 'shapes', op: opByName(name), sample: samples[name]!, shape };
}

function poolCases(shape: string): Case[] {
  const { image, window } = windowed(shape, 'poolSize');
  const x: SampleInput = { shape: image, fill: 'distinct' };
  const dy = { shape: [image[0], ...window.output, image[3]] };
  return [
    { suite: 'shapes', op: opByName('max_pool_2d'), sample: { inputs: [x], attrs: window }, shape },
    { suite: 'shapes', op: opByName('max_pool_2d_grad'), sample: { inputs: [dy, x], attrs: window }, shape },
  ];
}

function windowed(shape: string, size: 'kernelSize' | 'poolSize') {
  const [first, ...words] = shape.split(',');
  const image = lengths(first!) as [number, number, number, number];
  if (image.length !== 4) throw new OptionError(`shape '${shape}': expected NxHxWxC before the first comma`);
  const pooling = size === 'poolSize';
  let filters = image[3];
  const options: { -readonly [K in keyof WindowOptions]: WindowOptions[K] } = { [size]: pooling ? 2 : 3 };
  if (pooling) options.strides = 2;
  for (const word of words) {
    const value = Number(word.slice(1));
    if (word === 'same' || word === 'valid') options.padding = word;
    else if (!(Number.isInteger(value) && value > 0)) throw new OptionError(`shape '${shape}': '${word}' is not known`);
    else if (word[0] === 'k') options[size] = value;
    else if (word[0] === 's') options.strides = value;
    else if (word[0] === 'd') options.dilationRate = value;
    else if (word[0] === 'f' && !pooling) filters = value;
    else
      throw new OptionError(
        `shape '${shape}': '${word}' is not known; expected k, s, d, f with a number, same or valid`,
      );
  }
  return { image, filters, window: window2d('shape', [image[1], image[2]], options) };
}

function plain(name: string, shape: string, inputs: readonly SampleInput[], attrs: unknown): Case {
  return { suite: 'shapes', op: opByName(name), sample: { inputs, attrs }, shape };
}

function rowCases(shape: string): Case[] {
  const [rows, columns] = lengths(shape) as [number, number];
  const x = { shape: [rows, columns] };
  const labels: SampleInput = { shape: [rows], dtype: 'i32', fill: { below: columns } };
  return [
    plain('softmax', shape, [x], {}),
    plain('softmax_grad', shape, [x, x], {}),
    plain('sparse_softmax_cross_entropy', shape, [x, labels], {}),
    plain('sparse_softmax_cross_entropy_grad', shape, [{ shape: [rows] }, x, labels], {}),
    plain('sum', `${shape}, axis 1`, [x], { axis: 1 }),
    plain('sum', `${shape}, axis 0`, [x], { axis: 0 }),
    plain('max', `${shape}, axis 1`, [x], { axis: 1 }),
    plain('transpose', shape, [x], { permutation: [1, 0] }),
    ...normalizeCases(`layer ${shape}`, [rows, columns], { outer: rows, rows: 1, groups: 1, depth: columns }),
  ];
}

/** Batch normalization of images. */
function imageCases(shape: string): Case[] {
  const image = lengths(shape);
  const channels = image.at(-1)!;
  const rows = image.slice(0, -1).reduce((a, b) => a * b, 1);
  return normalizeCases(`batch ${shape}`, image, { outer: 1, rows, groups: channels, depth: 1 });
}

function normalizeCases(
  shape: string,
  x: readonly number[],
  sizes: { outer: number; rows: number; groups: number; depth: number },
): Case[] {
  const attrs = { ...sizes, epsilon: 1e-5, centered: true };
  const image = { shape: x };
  const channel = { shape: [sizes.groups * sizes.depth] };
  const statistic = { shape: [sizes.outer * sizes.groups] };
  const spread: SampleInput = { ...statistic, fill: 'positive' };
  return [
    plain('normalize', shape, [image, channel, channel], attrs),
    plain('normalize_grad', shape, [image, image, channel, statistic, spread], attrs),
  ];
}

function arrayCases(size: number): Case[] {
  const x = { shape: [size] };
  const elementwise = [
    ['add', 2],
    ['relu', 1],
    ['relu_grad', 2],
    ['tanh', 1],
    ['gelu', 1],
  ] as const;
  const [adam] = opByName('adam').samples;
  // Its arenas, and as they are the learning rate with its corrections and the index of the first bad gradient.
  const arenas = adam!.inputs.map((input, i): SampleInput => (i < 4 ? { ...input, shape: [size] } : input));
  return [
    ...elementwise.map(([name, inputs]) =>
      plain(
        name,
        String(size),
        Array.from({ length: inputs }, () => x),
        {},
      ),
    ),
    plain('adam', String(size), arenas, adam!.attrs),
  ];
}
