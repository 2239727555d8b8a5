// The arithmetic of convolutions and pooling as data, from the index map that the engine computes with. No shader comes
// along: a page that imports only this carries only this.

import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { checkShape, format, sizeOf, type Shape } from '../core/shape.ts';
import { checkGroups, resolveGroups } from './conv_groups.ts';
import { explainProducts, type ConvGeometry } from './explain_products.ts';
import { checkIndex, range, windowMap } from './explain_map.ts';
import type {
  ConvExplanation,
  ConvSpec,
  DepthwiseConvSpec,
  Explanation,
  ExplainSpec,
  PoolExplanation,
  PoolSpec,
  TransposedConvExplanation,
  TransposedConvSpec,
  WindowAxis,
} from './explain_types.ts';
import { countAlong } from './pool_regions.ts';
import { poolOptionNames, poolWindow } from './pool_window.ts';
import { receptiveField } from './receptive_field.ts';
import { transposedText, windowSteps, windowText } from './size_steps.ts';
import { transposedWindow } from './transposed_window.ts';
import { perAxis, windowNd, windowVolume, type WindowNd } from './window.ts';
import { windowPosition } from './window_map.ts';

type WeightedSpec = ConvSpec | DepthwiseConvSpec | TransposedConvSpec;

const operations: readonly ExplainSpec['op'][] = [
  'conv1d',
  'conv2d',
  'conv3d',
  'depthwiseConv1d',
  'depthwiseConv2d',
  'conv1dTranspose',
  'conv2dTranspose',
  'conv3dTranspose',
  'maxPool1d',
  'maxPool2d',
  'maxPool3d',
  'averagePool1d',
  'averagePool2d',
  'averagePool3d',
  'sumPool1d',
  'sumPool2d',
  'sumPool3d',
];
const known = ['op', 'inputShape', 'batchSize', 'kernelSize', 'strides', 'padding', 'dilationRate', 'useBias'];

/**
 * The arithmetic of one layer, written with the layer's own options:
 * `explain({ op: 'conv2d', inputShape: [28, 28, 3], filters: 16, kernelSize: 3 })`.
 *
 * Along each axis output = ⌊(n + p − d·(k − 1) − 1) / s⌋ + 1, and for a transposed convolution
 * s·(n − 1) + d·(k − 1) + 1 − p + outputPadding; `axes` derives it step by step. Every product of
 * y[output] = Σ x[input]·w[weight], of dw[weight] = Σ x[input]·dy[output] and of dx[input] = Σ dy[output]·w[weight] is
 * found by its output, its weight or its input, from the map t = o·s + k·d − padBefore and what `paddingMode` reads there.
 * Methods compute what they are asked for and keep nothing. OptionError: unknown or impossible options; ShapeError: sizes
 * that do not fit, with the derivation.
 */
export function explain(spec: ConvSpec | DepthwiseConvSpec): ConvExplanation;
export function explain(spec: TransposedConvSpec): TransposedConvExplanation;
export function explain(spec: PoolSpec): PoolExplanation;
export function explain(spec: WeightedSpec): ConvExplanation | TransposedConvExplanation;
export function explain(spec: ExplainSpec): Explanation;
export function explain(spec: ExplainSpec): Explanation {
  const { op, inputShape, batchSize = 1 } = spec;
  if (!operations.includes(op)) {
    throw new OptionError(`explain: op is ${JSON.stringify(op)}, expected one of ${operations.join(', ')}`);
  }
  const rank = Number(/\d/.exec(op)![0]);
  checkShape(op, inputShape);
  if (inputShape.length !== rank + 1) {
    throw new ShapeError(
      `${op}: inputShape is ${format(inputShape)}, expected ${['[L,C]', '[H,W,C]', '[D,H,W,C]'][rank - 1]}`,
    );
  }
  perAxis(op, 'batchSize', batchSize, 1, 1);
  const input = [batchSize, ...inputShape];
  if (op.includes('Pool')) return explainPool(spec as PoolSpec, input);
  if (op.endsWith('Transpose')) return explainTransposed(spec as TransposedConvSpec, input);
  return explainConv(spec as ConvSpec | DepthwiseConvSpec, input);
}

function count(where: string, name: string, value: number): number {
  return perAxis(where, name, value, 1, 1)[0]!;
}

function axesOf(lengths: Shape, window: WindowNd): WindowAxis[] {
  return lengths.map((length, axis) => {
    const steps = windowSteps(length, window, axis);
    const read = new Set<number>();
    for (const o of range(steps.output)) {
      for (const k of range(steps.kernel)) read.add(windowPosition(window, axis, o, k));
    }
    const neverRead = range(steps.paddedInput)
      .map((i) => i - steps.padBefore)
      .filter((position) => !read.has(position));
    return { ...steps, neverRead, text: windowText(steps) };
  });
}

const sidesOf = ({ padBefore, padAfter }: WindowNd) =>
  padBefore.map((before, axis) => [before, padAfter[axis]!] as const);

/** What all of them say of weights and work; `positions` are the windows of one example. */
function workOf({ useBias = true }: WeightedSpec, weightShape: Shape, biases: number, positions: Shape) {
  const multiplyAddsPerSample = sizeOf(weightShape) * sizeOf(positions);
  return {
    weightShape,
    parameters: sizeOf(weightShape) + (useBias ? biases : 0),
    multiplyAddsPerSample,
    flopsPerSample: 2 * multiplyAddsPerSample,
  };
}

function explainConv(spec: ConvSpec | DepthwiseConvSpec, input: Shape): ConvExplanation {
  const { op } = spec;
  const channels = input.at(-1)!;
  const deep = op.startsWith('depthwise');
  checkOptions(op, spec, [...known, 'paddingMode', ...(deep ? ['depthMultiplier'] : ['filters', 'groups'])]);
  const own = deep
    ? { groups: channels, filters: channels * count(op, 'depthMultiplier', (spec as DepthwiseConvSpec).depthMultiplier ?? 1) } // prettier-ignore
    : { groups: resolveGroups(op, (spec as ConvSpec).groups), filters: count(op, 'filters', (spec as ConvSpec).filters) }; // prettier-ignore
  checkGroups(op, channels, own.filters, own.groups);
  const lengths = input.slice(1, -1);
  const { kernelSize, strides, padding, paddingMode, dilationRate } = spec;
  const window = windowNd(op, lengths, {
    kernelSize,
    ...(strides === undefined ? {} : { strides }),
    ...(padding === undefined ? {} : { padding }),
    ...(paddingMode === undefined ? {} : { paddingMode }),
    ...(dilationRate === undefined ? {} : { dilationRate }),
  });
  const geometry: ConvGeometry = { where: op, image: input, window, ...own };
  const axes = axesOf(lengths, window);
  const weightShape = [...window.kernel, ...(deep ? [channels, own.filters / channels] : [channels / own.groups, own.filters])]; // prettier-ignore
  const products = explainProducts(geometry, deep ? 'depthwise' : 'grouped');
  return {
    kind: 'conv',
    op,
    inputShape: input,
    outputShape: [input[0]!, ...window.output, own.filters],
    padding: sidesOf(window),
    groups: own.groups,
    ...workOf(spec, weightShape, own.filters, window.output),
    axes,
    receptiveField: receptiveField([{ axes }]),
    terms: (output) =>
      products
        .ofWindow('output', output)
        .map(({ position, image, channel, weight }) => ({ position, input: image, channel, weight })),
    weightPairs: (weight) =>
      products.ofWeight(weight).map(({ position, image, window: output }) => ({ position, input: image, output })),
    inputPairs: (index) =>
      products.ofImage('input', index).map(({ position, window: output, weight }) => ({ position, output, weight })),
    im2col: products.im2col,
  };
}

function explainTransposed(spec: TransposedConvSpec, input: Shape): TransposedConvExplanation {
  const { op, kernelSize, strides, padding, outputPadding, dilationRate } = spec;
  checkOptions(op, spec, [...known, 'outputPadding', 'filters', 'groups']);
  const groups = resolveGroups(op, spec.groups);
  const filters = count(op, 'filters', spec.filters);
  const channels = input.at(-1)!;
  checkGroups(op, channels, filters, groups);
  const lengths = input.slice(1, -1);
  const { size, window, beyond, steps } = transposedWindow(op, lengths, {
    kernelSize,
    ...(strides === undefined ? {} : { strides }),
    ...(padding === undefined ? {} : { padding }),
    ...(outputPadding === undefined ? {} : { outputPadding }),
    ...(dilationRate === undefined ? {} : { dilationRate }),
  });
  const outputShape = [input[0]!, ...size, filters];
  // The convolution that leads back: its image is the result, its windows are the input's elements.
  const reached = size.map((length, axis) => length - beyond[axis]!);
  const products = explainProducts(
    { where: op, image: outputShape, reached, window, groups, filters: channels },
    'grouped',
  );
  return {
    kind: 'transposed',
    op,
    inputShape: input,
    outputShape,
    padding: steps.map(({ padBefore, padAfter }) => [padBefore, padAfter] as const),
    groups,
    ...workOf(spec, [...window.kernel, filters / groups, channels], filters, lengths),
    axes: steps.map((one) => ({ ...one, text: transposedText(one) })),
    terms: (output) =>
      products
        .ofImage('output', output)
        .map(({ position, window: from, weight }) => ({ position, input: from, channel: from.at(-1)!, weight })),
    weightPairs: (weight) =>
      products.ofWeight(weight).map(({ position, image, window: from }) => ({ position, input: from, output: image })),
    inputPairs: (index) =>
      products.ofWindow('input', index).map(({ position, image, weight }) => ({ position, output: image, weight })),
    im2col: products.im2col,
  };
}

function explainPool(spec: PoolSpec, input: Shape): PoolExplanation {
  const { op, inputShape: _, batchSize: __, poolSize = 2, countIncludePad = false, op: ___, ...rest } = spec;
  const mean = op.startsWith('average');
  checkOptions(op, spec, ['op', 'inputShape', 'batchSize', ...poolOptionNames, ...(mean ? ['countIncludePad'] : [])]);
  const lengths = input.slice(1, -1);
  const window = poolWindow(op, lengths, { ...rest, poolSize });
  const [n, channels] = [input[0]!, input.at(-1)!];
  const outputShape = [n, ...window.output, channels];
  const map = windowMap(lengths, window);
  const axes = axesOf(lengths, window);
  const regions = { window: windowVolume(window) };
  const counted = !mean ? 'one' : countIncludePad ? 'padded' : 'inside';
  return {
    kind: 'pool',
    op,
    inputShape: input,
    outputShape,
    padding: sidesOf(window),
    parameters: 0,
    multiplyAddsPerSample: 0,
    flopsPerSample: 0,
    axes,
    receptiveField: receptiveField([{ axes }]),
    terms(output) {
      checkIndex(op, 'output', output, outputShape);
      return map.window(output.slice(1, -1)).map(({ position, source }) => ({
        position,
        input: source && [output[0]!, ...source, output.at(-1)!],
        channel: output.at(-1)!,
      }));
    },
    inputPairs(index) {
      checkIndex(op, 'input', index, input);
      return map.readers(index.slice(1, -1)).map(({ position, o }) => ({
        position,
        output: [index[0]!, ...o, index.at(-1)!],
      }));
    },
    divisor(output) {
      checkIndex(op, 'output', output, outputShape);
      const first = 3 - lengths.length; // of the volume's axes
      return lengths.reduce(
        (all, length, axis) => all * countAlong(regions, first + axis, output[axis + 1]!, length, counted),
        1,
      );
    },
  };
}
