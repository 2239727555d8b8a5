// Merge layers against plain loops.

import { describe, expect, it } from 'vitest';

import {
  add,
  average,
  concatenate,
  createCpuDevice,
  dense,
  dot,
  input,
  maximum,
  minimum,
  model,
  multiply,
  OptionError,
  program,
  randomNormal,
  type Layer,
  type Shape,
  subtract,
} from '../../src/index.ts';
import { layerContext } from '../../src/nn/layer.ts';

const batch = 3;
const device = createCpuDevice();
const sizeOf = (shape: Shape): number => shape.reduce((size, length) => size * length, 1);

/** What `layer` gives for random inputs of these shapes, with the inputs. */
async function run(layer: Layer, shapes: readonly Shape[]) {
  const inputs = shapes.map((shape, i) => randomNormal(batch * sizeOf(shape), 3, i));
  const { outputShape } = layer.build(shapes[0]!, 'layer', shapes.slice(1));
  const step = await program(
    Object.fromEntries(shapes.map((shape, i) => [`x${i}`, [batch, ...shape]])),
    (given, { random }) => {
      const [first, ...others] = shapes.map((_, i) => given[`x${i}`]!);
      const y = layer.apply(first!, () => first!, layerContext({ training: false, random, stream: 0 }), others);
      expect(y.shape).toEqual([batch, ...outputShape]);
      return { y };
    },
    { device },
  );
  await step.prepare();
  step.run(Object.fromEntries(inputs.map((data, i) => [`x${i}`, data])));
  return { inputs, y: await step.read('y'), outputShape };
}

const near = (values: readonly number[]): number[] => values.map((value) => expect.closeTo(value, 5) as number);

describe('elementwise', () => {
  it.each([
    ['add', add(), 3, (v: number[]) => v[0]! + v[1]! + v[2]!],
    ['subtract', subtract(), 2, (v: number[]) => v[0]! - v[1]!],
    ['multiply', multiply(), 3, (v: number[]) => v[0]! * v[1]! * v[2]!],
    ['average', average(), 3, (v: number[]) => (v[0]! + v[1]! + v[2]!) / 3],
    ['maximum', maximum(), 3, (v: number[]) => Math.max(...v)],
    ['minimum', minimum(), 2, (v: number[]) => Math.min(...v)],
  ] as const)('%s', async (_, layer, count, of) => {
    const shapes = Array.from({ length: count }, () => [3, 5]);
    const { inputs, y } = await run(layer, shapes);
    expect([...y]).toEqual(near([...inputs[0]!].map((__, i) => of(inputs.map((input) => input[i]!)))));
  });

  it('stretches lengths of 1, as squeeze and excitation needs', async () => {
    const { inputs, y, outputShape } = await run(multiply(), [
      [2, 3, 4],
      [1, 1, 4],
    ]);
    expect(outputShape).toEqual([2, 3, 4]);
    const [x, scale] = inputs as [Float32Array, Float32Array];
    expect([...y]).toEqual(near([...x].map((value, i) => value * scale[4 * Math.floor(i / 24) + (i % 4)]!)));
  });

  it('of one tensor with itself', async () => {
    const x = input({ shape: [2] });
    const same = dense({ units: 2, name: 'same' })(x);
    const net = model({ inputs: x, outputs: add()([same, same]) });
    const given = Float32Array.of(1, 2);
    const { same: once, add_1: twice } = await net.inspect(given, ['same', 'add_1']);
    expect([...twice!.data]).toEqual([...once!.data].map((value) => 2 * value));
  });
});

describe('concatenate', () => {
  it.each([
    [
      -1,
      [
        [2, 3],
        [2, 1],
        [2, 2],
      ],
      [2, 6],
    ],
    [
      2,
      [
        [2, 3],
        [2, 1],
        [2, 2],
      ],
      [2, 6],
    ],
    [
      1,
      [
        [2, 3],
        [1, 3],
      ],
      [3, 3],
    ],
    [
      -2,
      [
        [2, 3],
        [1, 3],
      ],
      [3, 3],
    ],
  ] as const)('along axis %i', async (axis, shapes, expected) => {
    const { inputs, y, outputShape } = await run(concatenate({ axis }), shapes);
    expect(outputShape).toEqual(expected);
    const rows: number[] = [];
    const joinsRows = axis === 1 || axis === -2;
    for (let n = 0; n < batch; n++) {
      if (joinsRows) {
        inputs.forEach((data, i) => rows.push(...data.subarray(n * sizeOf(shapes[i]!), (n + 1) * sizeOf(shapes[i]!))));
        continue;
      }
      for (let r = 0; r < 2; r++) {
        inputs.forEach((data, i) => {
          const width = shapes[i]![1];
          rows.push(...data.subarray((2 * n + r) * width, (2 * n + r + 1) * width));
        });
      }
    }
    expect([...y]).toEqual(rows);
  });
});

describe('dot', () => {
  /** Σ_k of a and b, each a vector [K] or a matrix, by index. */
  function byHand(a: Float32Array, sa: Shape, ka: number, b: Float32Array, sb: Shape, kb: number, normalize: boolean) {
    const at = (data: Float32Array, shape: Shape, axis: number, n: number, free: number, k: number): number => {
      if (shape.length === 1) return data[n * shape[0]! + k]!;
      const [r, c] = axis === 0 ? [k, free] : [free, k];
      return data[n * sizeOf(shape) + r * shape[1]! + c]!;
    };
    const free = (shape: Shape, axis: number): number => (shape.length === 1 ? 1 : shape[1 - axis]!);
    const length = sa[ka]!;
    const out: number[] = [];
    for (let n = 0; n < batch; n++) {
      for (let t = 0; t < free(sa, ka); t++) {
        for (let s = 0; s < free(sb, kb); s++) {
          let [sum, aa, bb] = [0, 0, 0];
          for (let k = 0; k < length; k++) {
            const [p, q] = [at(a, sa, ka, n, t, k), at(b, sb, kb, n, s, k)];
            sum += p * q;
            aa += p * p;
            bb += q * q;
          }
          out.push(normalize ? sum / Math.sqrt(aa * bb) : sum);
        }
      }
    }
    return out;
  }

  const cases: [number | [number, number], number[], number[], number[]][] = [
    [-1, [5], [5], [1]],
    [1, [5], [5], [1]],
    [-1, [2, 5], [3, 5], [2, 3]],
    [2, [2, 5], [3, 5], [2, 3]],
    [1, [5, 2], [5, 3], [2, 3]],
    [
      [2, 1],
      [2, 5],
      [5, 3],
      [2, 3],
    ],
    [
      [-2, -1],
      [5, 2],
      [3, 5],
      [2, 3],
    ],
    [-1, [2, 5], [5], [2]],
    [[1, 1], [5], [5, 3], [3]],
    [-1, [1, 1], [1, 1], [1, 1]],
  ];

  it.each(cases.flatMap((one) => [false, true].map((normalize) => [...one, normalize] as const)))(
    'along %j of %j and %j gives %j, normalize %j',
    async (axes, a, b, expected, normalize) => {
      const { inputs, y, outputShape } = await run(dot({ axes, normalize }), [a, b]);
      expect(outputShape).toEqual(expected);
      const [p, q] = typeof axes === 'number' ? [axes, axes] : axes;
      const place = (axis: number, { length }: Shape) => (axis < 0 ? axis + length : axis - 1);
      expect([...y]).toEqual(near(byHand(inputs[0]!, a, place(p, a), inputs[1]!, b, place(q, b), normalize)));
    },
  );

  it('refuses what it cannot multiply', () => {
    const on = (layer: Layer, ...shapes: number[][]) => layer(shapes.map((shape) => input({ shape })));
    expect(() => on(dot(), [4], [5])).toThrow('dot (Dot): the axes summed over are 4 and 5 long in [4] and [5]');
    expect(() => on(dot(), [4], [4], [4])).toThrow('dot (Dot): expected two inputs in an array, got 3');
    expect(() => on(dot(), [2, 2, 2], [2])).toThrow(
      'dot (Dot): an input is [2,2,2], expected a vector [K] or a matrix',
    );
    expect(() => on(dot({ axes: 2 }), [4], [4])).toThrow('axis 2 is none of [N,4]');
    expect(() => dot({ axes: 0 })).toThrow(OptionError);
    expect(() => dot({ axis: 1 } as never)).toThrow("dot: unknown option 'axis', did you mean 'axes'?");
  });
});
