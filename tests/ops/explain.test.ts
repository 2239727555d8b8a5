// What `explain` derives, counts and refuses.

import { describe, expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { explain } from '../../src/ops/explain.ts';
import { flatIndex, indicesOf } from '../../src/ops/explain_map.ts';
import type { ConvSpec, ExplainSpec, PoolSpec, TransposedConvSpec } from '../../src/ops/explain_types.ts';
import { receptiveField } from '../../src/ops/receptive_field.ts';

const image = (size: number, options: Partial<ConvSpec> = {}): ConvSpec => ({
  op: 'conv2d',
  inputShape: [size, size, 1],
  filters: 1,
  kernelSize: 3,
  ...options,
});

describe('derivations', () => {
  const line = (spec: ExplainSpec) => explain(spec).axes[0]!.text.replace(/^.*\): /, '');
  // prettier-ignore
  test.each<[PoolSpec, string]>([
    [{ op: 'maxPool1d', inputShape: [5, 1] }, 'output floor((5 - 2) / 2) + 1 = 2, remainder 1'],
    [{ op: 'maxPool1d', inputShape: [5, 1], ceilMode: true }, 'output ceil((5 - 2) / 2) + 1 = 3, the last window hangs over by 1'],
    // The third window would begin behind the image, in its padding (PyTorch's rule).
    [{ op: 'maxPool1d', inputShape: [3, 1], padding: 1, ceilMode: true }, 'output ceil((5 - 2) / 2) + 1 - 1 = 2, remainder 1'],
  ])('%j', (spec, expected) => expect(line(spec)).toBe(expected));

  test('gaps between windows are never read, in the padding too', () => {
    const made = explain({ op: 'conv1d', inputShape: [8, 1], filters: 1, kernelSize: 2, strides: 3, padding: [1, 2] });
    expect(made.axes[0]).toMatchObject({ output: 4, remainder: 0, neverRead: [1, 4, 7] });
  });

  test.each([
    ['conv2dTranspose', 2, 3, 1],
    ['conv2dTranspose', 5, 2, 0],
  ] as const)(
    "%s with 'same', kernel %i and stride %i needs %i of output padding",
    (op, kernelSize, strides, added) => {
      const made = explain({ op, inputShape: [4, 4, 1], filters: 1, kernelSize, strides, padding: 'same' });
      const { full, output, padBefore, padAfter, outputPadding } = made.axes[0]!;
      expect(outputPadding).toBe(added);
      expect(output).toBe(4 * strides);
      expect(made.outputShape).toEqual([1, 4 * strides, 4 * strides, 1]);
      expect(full - padBefore - padAfter).toBe(output);
      expect(full).toBe(strides * 3 + kernelSize + added);
    },
  );

  test('output padding of a stride and more, where the dilation allows it, is first less cut off, then zeros', () => {
    const spec: TransposedConvSpec = { op: 'conv1dTranspose', inputShape: [3, 1], filters: 1, kernelSize: 2, dilationRate: 3, outputPadding: 2, padding: [0, 1] }; // prettier-ignore
    const made = explain(spec);
    expect(made.axes[0]).toMatchObject({ full: 8, output: 7, beyond: 1 });
    expect(indicesOf(made.outputShape).map((at) => made.terms(at).length)).toEqual([1, 1, 1, 1, 1, 1, 0]);
  });
});

describe('counts', () => {
  test('parameters and work of the lecture’s network, and its receptive field', () => {
    const first = explain({ op: 'conv2d', inputShape: [28, 28, 3], filters: 16, kernelSize: 3 });
    const second = explain({ op: 'conv2d', inputShape: first.outputShape.slice(1), filters: 16, kernelSize: 3 });
    const pool = explain({ op: 'maxPool2d', inputShape: second.outputShape.slice(1) });
    const stack = [first, second, pool];
    expect(stack.map(({ outputShape }) => outputShape)).toEqual([
      [1, 26, 26, 16],
      [1, 24, 24, 16],
      [1, 12, 12, 16],
    ]);
    expect(stack.map(({ parameters }) => parameters)).toEqual([448, 2320, 0]);
    expect(first.flopsPerSample).toBe(2 * 9 * 3 * 16 * 26 * 26);
    expect(receptiveField(stack)).toEqual([
      { size: 6, jump: 2, start: 0 },
      { size: 6, jump: 2, start: 0 },
    ]);
  });

  test('groups divide weights and work', () => {
    const made = (groups: number) => explain(image(8, { inputShape: [8, 8, 4], filters: 4, groups, useBias: false }));
    expect([1, 2, 4].map((groups) => made(groups).parameters)).toEqual([144, 72, 36]);
    expect(made(4).multiplyAddsPerSample).toBe(made(1).multiplyAddsPerSample / 4);
    const depthwise = explain({ op: 'depthwiseConv2d', inputShape: [8, 8, 4], kernelSize: 3, depthMultiplier: 2 });
    expect(depthwise).toMatchObject({ weightShape: [3, 3, 4, 2], outputShape: [1, 6, 6, 8], parameters: 72 + 8 });
  });

  test('the im2col matrix of 36 values has 144 cells', () => {
    const { im2col } = explain(image(6));
    expect(im2col).toMatchObject({ rows: 16, columns: 9, cells: 144, imageElements: 36, duplication: 4, bytes: 576 });
    expect(im2col.cell(5, 2)).toEqual({ position: [1, 3], element: [0, 1, 3, 0], window: [0, 1, 1], tap: [0, 2, 0] });
    expect(im2col.rowOf([0, 1, 1, 0])).toBe(5);
    expect(im2col.columnOf([0, 2, 0, 0])).toBe(2);
  });
});

describe('receptive field', () => {
  test('is the extent of what a stack’s terms read', () => {
    const options: Partial<ConvSpec>[] = [
      { kernelSize: 3, strides: 2, padding: 1 },
      { kernelSize: [2, 3], dilationRate: [3, 1] },
      { kernelSize: 2, strides: [1, 2], padding: 1 },
    ];
    let shape: readonly number[] = [23, 25, 1];
    const stack = options.map((one) => {
      const made = explain({ ...image(0), ...one, inputShape: shape });
      shape = made.outputShape.slice(1);
      return made;
    });
    // The positions that one output reads, through every layer, along each axis; padding counts as where it lies.
    const fields = receptiveField(stack);
    for (const o of [2, 3]) {
      for (const axis of [0, 1]) {
        let positions = [o];
        for (const layer of stack.toReversed()) {
          const { stride, dilation, kernel, padBefore } = layer.axes[axis]!;
          positions = positions.flatMap((at) =>
            Array.from({ length: kernel }, (_, k) => at * stride + k * dilation - padBefore),
          );
        }
        const { size, jump, start } = fields[axis]!;
        expect([Math.min(...positions), Math.max(...positions)]).toEqual([
          start + o * jump,
          start + o * jump + size - 1,
        ]);
      }
    }
  });

  test('refuses what does not follow one another', () => {
    expect(() => receptiveField([])).toThrow(OptionError);
    expect(() => receptiveField([explain(image(6)), explain(image(6))])).toThrow(
      new ShapeError('receptiveField: layer 2 takes [1,6,6,1], the layer before it gives [1,4,4,1]'),
    );
  });
});

describe('errors', () => {
  // prettier-ignore
  test.each<[string, object, Error]>([
    ['op', { op: 'conv4d' }, new OptionError('explain: op is "conv4d", expected one of conv1d, conv2d, conv3d, depthwiseConv1d, depthwiseConv2d, conv1dTranspose, conv2dTranspose, conv3dTranspose, maxPool1d, maxPool2d, maxPool3d, averagePool1d, averagePool2d, averagePool3d, sumPool1d, sumPool2d, sumPool3d')],
    ['rank', { inputShape: [6, 6] }, new ShapeError('conv2d: inputShape is [6,6], expected [H,W,C]')],
    ['batch', { batchSize: 0 }, new OptionError('conv2d: batchSize is 0, expected an integer of at least 1')],
    ['window', { kernelSize: 4, dilationRate: 2, inputShape: [3, 9, 1], padding: 1 }, new ShapeError('conv2d: effective kernel d(k-1)+1 = 7 exceeds padded input 5 in dimension 1 (7 = 2 * (4 - 1) + 1, 5 = 1 + 3 + 1)')],
    ['groups', { groups: 2 }, new ShapeError('conv2d: 1 input channels do not divide into 2 groups')],
    ['unknown', { outputPadding: 1 }, new OptionError(`conv2d: unknown option 'outputPadding', did you mean 'padding'?; known: op, inputShape, batchSize, kernelSize, strides, padding, dilationRate, useBias, paddingMode, filters, groups`)],
    ['poolSize', { poolSize: 2 }, new OptionError(`conv2d: unknown option 'poolSize'; known: op, inputShape, batchSize, kernelSize, strides, padding, dilationRate, useBias, paddingMode, filters, groups`)],
    ['depthMultiplier', { depthMultiplier: 2 }, new OptionError(`conv2d: unknown option 'depthMultiplier'; known: op, inputShape, batchSize, kernelSize, strides, padding, dilationRate, useBias, paddingMode, filters, groups`)],
    ['reflection', { padding: 6, paddingMode: 'reflect' }, new ShapeError(`conv2d: 'reflect' padding of 6 in dimension 1 exceeds what the image has, expected at most 5 for its length 6`)],
    ['causal', { padding: 'causal' }, new OptionError(`conv2d: padding is "causal", expected 'valid', 'same', a number or [[top, bottom], [left, right]]`)],
  ])('%s', (_, options, error) => {
    expect(() => explain({ ...image(6), ...options } as ExplainSpec)).toThrow(error);
  });

  test('of transposed convolutions and pools', () => {
    const transposed: TransposedConvSpec = { op: 'conv2dTranspose', inputShape: [5, 5, 1], filters: 1, kernelSize: 1 };
    expect(() => explain({ ...transposed, padding: 3 })).toThrow(
      new ShapeError(
        'conv2dTranspose: full output s(n-1)+d(k-1)+1+op = 5 less padding 3 + 3 leaves nothing in dimension 1 (5 = 1 * (5 - 1) + 1 * (1 - 1) + 1 + 0)',
      ),
    );
    expect(() => explain({ ...transposed, paddingMode: 'reflect' } as TransposedConvSpec)).toThrow(
      "conv2dTranspose: unknown option 'paddingMode'",
    );
    const pool: PoolSpec = { op: 'maxPool2d', inputShape: [4, 4, 1], poolSize: 2 };
    expect(() => explain({ ...pool, padding: 2 })).toThrow('maxPool2d: padding 2 in dimension 1 leaves a window empty');
    expect(() => explain({ ...pool, countIncludePad: true })).toThrow("maxPool2d: unknown option 'countIncludePad'");
  });

  test('indices outside', () => {
    const made = explain(image(6));
    expect(() => made.terms([0, 4, 0, 0])).toThrow(
      new ShapeError('conv2d: output index [0,4,0,0] is outside [1,4,4,1]'),
    );
    expect(() => made.weightPairs([0, 0, 0])).toThrow('conv2d: weight index [0,0,0] is outside [3,3,1,1]');
    expect(() => made.inputPairs([1, 0, 0, 0])).toThrow('conv2d: input index [1,0,0,0] is outside [1,6,6,1]');
    expect(() => made.im2col.cell(16, 0)).toThrow('conv2d: im2col index [0,16,0] is outside [1,16,9]');
  });
});

test.each(['zeros', 'reflect'] as const)('the matrix of a convolution is its terms row by row, %s', (paddingMode) => {
  const made = explain(image(5, { inputShape: [5, 4, 4], filters: 2, groups: 2, padding: 1, paddingMode, batchSize: 2 })); // prettier-ignore
  const { im2col } = made;
  for (const output of indicesOf(made.outputShape)) {
    for (const [i, term] of made.terms(output).entries()) {
      const cell = im2col.cell(im2col.rowOf(output), i, output.at(-1)!); // one filter a group
      expect(im2col.columnOf(term.weight)).toBe(i);
      expect([cell.element, cell.position]).toEqual([term.input, term.position]);
      expect(term.channel).toBe(output.at(-1)! * 2 + cell.tap.at(-1)!);
      if (term.input) expect(term.channel).toBe(term.input.at(-1));
      expect(flatIndex(cell.tap, [3, 3, 2])).toBe(i);
    }
  }
});
