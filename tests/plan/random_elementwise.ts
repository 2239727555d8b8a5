// Random graphs of elementwise ops with broadcasting, and how near to the oracle a device must compute them.

import type { Values } from '../../src/core/dtype.ts';
import { equal, sizeOf } from '../../src/core/shape.ts';
import { inputTensor, type Source, type Tensor } from '../../src/graph/tensor.ts';
import { collectCalls } from '../../src/graph/walk.ts';
import { add, div, less, maximum, minimum, mul, sub } from '../../src/ops/binary.ts';
import { cast } from '../../src/ops/cast.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { broadcastTo, sum } from '../../src/ops/reduce.ts';
import { reshape } from '../../src/ops/reshape.ts';
import { abs, clip, exp, gelu, leakyRelu, neg, relu, sigmoid, square, tanh } from '../../src/ops/unary.ts';
import { where } from '../../src/ops/where.ts';
import { elementwiseBounds, generator, sampleValues, type Inexact } from '../ops/table.ts';

export interface RandomGraph {
  readonly outputs: Record<string, Tensor>;
  readonly feeds: ReadonlyMap<Tensor, Values>;
}

const sizes: readonly (readonly [number, number])[] = [
  [4, 8],
  [3, 5],
  [6, 4],
  [1, 7],
  [16, 12],
];

/**
 * Some fifteen ops over values of one shape, and over rows, columns and numbers that repeat along it. With `others`, ops
 * that are not elementwise stand between them.
 */
export function randomElementwise(seed: number, others: boolean): RandomGraph {
  const random = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const [rows, columns] = pick(sizes);
  const shape = [rows, columns];
  const given = Object.entries({ a: shape, b: shape, c: [rows * columns], row: [columns], column: [rows, 1], one: [] });
  const feeds = new Map<Tensor, Values>();
  const named: Record<string, Tensor> = {};
  given.forEach(([name, of], i) => {
    named[name] = inputTensor(name, of);
    feeds.set(named[name], sampleValues({ shape: of }, 1000 * seed + i));
  });
  const { a, b, c, row, column, one } = named as Record<'a' | 'b' | 'c' | 'row' | 'column' | 'one', Tensor>;
  const whole: Tensor[] = [a, b, reshape(c, shape)];
  const small: Tensor[] = [row, column, one, tanh(row)];
  const any = () => (random() < 0.75 ? pick(whole) : pick(small));
  const inFull = (x: Tensor) => (equal(x.shape, shape) ? x : broadcastTo(x, shape));
  const unary = [tanh, sigmoid, relu, abs, neg, gelu, (x: Tensor) => leakyRelu(x), (x: Tensor) => square(tanh(x))];
  const makers: (() => Tensor)[] = [
    () => pick(unary)(pick(whole)),
    () => pick(unary)(pick(whole)),
    () => add(any(), any()),
    () => sub(pick(whole), any()),
    () => mul(tanh(any()), any()),
    () => maximum(any(), any()),
    () => minimum(any(), random() < 0.5 ? 0.25 : any()),
    () => div(pick(whole), add(abs(any()), 1)),
    () => where(less(any(), any()), any(), any()),
    () => exp(clip(pick(whole), { min: -3, max: 1 })),
    () => mul(pick(whole), pick([0.5, -2, 1, 3])),
    () => cast(cast(mul(pick(whole), 4), 'i32'), 'f32'),
    () => reshape(tanh(reshape(pick(whole), [columns, rows])), shape),
    () => reshape(sigmoid(reshape(pick(whole), [rows * columns])), shape),
  ];
  if (others) {
    makers.push(() => tanh(matmul(matmul(pick(whole), pick(whole), { transposeB: true }), pick(whole))));
    makers.push(() => add(pick(whole), sum(pick(whole), { axes: 0 })));
    makers.push(() => mul(tanh(sum(pick(whole), { axes: 1, keepDims: true })), pick(whole)));
  }
  for (let i = 0; i < 15; i++) whole.push(inFull(pick(makers)()));
  const outputs: Record<string, Tensor> = { last: whole.at(-1)!, middle: whole[9]!, early: whole[5]! };
  return { outputs, feeds };
}

/** The oracle's values of a graph of elementwise ops and views, and the bounds of what a device may give for them. */
export function boundsOf({ outputs, feeds }: RandomGraph): Record<string, Required<Inexact>> {
  const known = new Map<Source, Inexact>();
  for (const [{ source }, values] of feeds) known.set(source, { values });
  const of = ({ source, shape }: Tensor): Inexact => {
    if (source.kind === 'constant') return { values: Float64Array.from(source.values) };
    const found = known.get(source);
    if (!found) throw new Error(`no value for a ${source.kind} of ${sizeOf(shape)} elements`);
    return found;
  };
  for (const call of collectCalls(Object.values(outputs))) {
    const given = call.inputs.map(of);
    const [y] = call.outputs as [Tensor];
    known.set(y.source, call.op.view ? given[0]! : elementwiseBounds(call.op, call, given));
  }
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => {
      const { values, errors = new Float64Array(values.length) } = of(tensor);
      return [name, { values, errors }];
    }),
  );
}
