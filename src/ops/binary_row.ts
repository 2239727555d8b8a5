// How a row of the tables of two-operand functions becomes an op.

import { broadcast, type Shape, sizeOf } from '../core/shape.ts';
import type { Accuracy, CallTypes, Elementwise, Fill, Op, Sample } from '../graph/op.ts';
import { expectDType, type Tensor } from '../graph/tensor.ts';
import { binaryKernels } from './binary_kernels.ts';
import { checkLayout, indicesOf } from './broadcasting.ts';
import { sumTo } from './reduce.ts';

/** At most two numbers, which the expression calls p and q in the order of the row's `parameters`. */
export type ElementwiseAttrs = Readonly<Record<string, number>>;

export type ElementwiseOp = Op<ElementwiseAttrs> & { readonly elementwise: RowExpression };

/** An expression that needs nothing of the call. */
interface RowExpression extends Elementwise<ElementwiseAttrs> {
  wgsl(operands: readonly string[], numbers: readonly string[]): string;
}

/** A row's expression in other names than `operands`, p and q. */
export function rowExpression(wgsl: string, operands: readonly string[], parameters: readonly string[]): RowExpression {
  const own = [...operands, ...['p', 'q'].slice(0, parameters.length)];
  const names = new RegExp(`\\b(${own.join('|')})\\b`, 'g');
  return {
    wgsl: (given, numbers) => wgsl.replace(names, (name) => [...given, ...numbers][own.indexOf(name)]!),
    numbers: (attrs) => parameters.map((name) => attrs[name]!),
  };
}

export interface BinaryGradParts {
  readonly dy: Tensor;
  readonly a: Tensor;
  readonly b: Tensor;
  readonly y: Tensor;
}

export interface BinaryRow {
  readonly name: string;
  readonly wgsl: string;
  reference(a: number, b: number, p: number, q: number): number;
  /** ∂L/∂a and ∂L/∂b in the shape of y; 'zero' where the result is constant but for jumps, null for parts of gradients. */
  readonly grad: readonly [(parts: BinaryGradParts) => Tensor, (parts: BinaryGradParts) => Tensor] | 'zero' | null;
  readonly accuracy: Accuracy<ElementwiseAttrs>;
  readonly parameters?: readonly string[];
  readonly fills?: readonly [Fill, Fill];
  /** The same for one more sample, whose values lie at kinks, where a derivative does not exist. */
  readonly kinks?: readonly [Fill, Fill];
  /** Attributes of the samples, in the order of `parameters`: the first set with every shape, others with one a kernel. */
  readonly sampled?: readonly (readonly number[])[];
  /** Floating-point operations an element; 1 where absent. */
  readonly flops?: number;
  /** Exponentials and logarithms an element, at least; 0 where absent. */
  readonly exponentials?: number;
}

const shapes: readonly (readonly [Shape, Shape])[] = [
  [
    [3, 5],
    [3, 5],
  ],
  [
    [8, 9],
    [8, 9],
  ],
  [[], []],
  [[7, 12], [12]],
  [[4], [3, 2, 4]],
  [
    [2, 1, 8],
    [5, 2, 2, 8],
  ],
  [[6, 6], []],
  [[1], [65, 4]],
  [[13, 3], [3]],
  [
    [5, 1],
    [1, 7],
  ],
  [
    [2, 3, 1, 5],
    [3, 4, 1],
  ],
  [
    [2, 1, 3, 1, 2, 1],
    [1, 3, 1, 2, 1, 2],
  ],
];
/** One for each kernel, in their order. */
const fewShapes: typeof shapes = [
  [
    [8, 9],
    [8, 9],
  ],
  [[6, 6], []],
  [
    [5, 1],
    [1, 7],
  ],
];

export function binaryOp(row: BinaryRow): ElementwiseOp {
  const {
    name,
    wgsl,
    reference,
    grad,
    accuracy,
    parameters = [],
    fills = ['normal', 'normal'],
    sampled = [[]],
    flops = 1,
    exponentials = 0,
  } = row;
  const values = (attrs: ElementwiseAttrs) =>
    [attrs[parameters[0] ?? ''] ?? 0, attrs[parameters[1] ?? ''] ?? 0] as const;
  const attributes = sampled.map((set) => Object.fromEntries(parameters.map((key, i) => [key, set[i]!])));
  return {
    name,
    elementwise: rowExpression(wgsl, ['a', 'b'], parameters),
    infer([a, b]) {
      expectDType(name, 'a', a!, 'f32');
      expectDType(name, 'b', b!, 'f32');
      const shape = broadcast(name, a!.shape, b!.shape);
      checkLayout(name, shape, [a!.shape, b!.shape]);
      return [{ shape, dtype: 'f32' }];
    },
    cpu([a, b], [y], call) {
      const [p, q] = values(call.attrs);
      const { shape } = call.outputs[0]!;
      const atA = indicesOf(shape, call.inputs[0]!.shape);
      const atB = indicesOf(shape, call.inputs[1]!.shape);
      for (let i = 0; i < y!.length; i++) y![i] = reference(a![atA(i)]!, b![atB(i)]!, p, q);
    },
    kernels: binaryKernels(wgsl, values),
    grad:
      grad &&
      (({ dy: [dy], x: [a, b], y: [y], needs }) => {
        if (!dy || grad === 'zero') return [null, null];
        const parts = { dy, a: a!, b: b!, y: y! };
        return [needs[0] ? sumTo(grad[0](parts), a!.shape) : null, needs[1] ? sumTo(grad[1](parts), b!.shape) : null];
      }),
    cost: ({ inputs, outputs }: CallTypes<ElementwiseAttrs>) => {
      const size = sizeOf(outputs[0]!.shape);
      const bytes = 4 * (size + sizeOf(inputs[0]!.shape) + sizeOf(inputs[1]!.shape));
      return { flops: flops * size, bytes, exponentials: exponentials * size };
    },
    accuracy,
    samples: [
      ...attributes.flatMap((attrs, k) =>
        (k === 0 ? shapes : fewShapes).map(([a, b]): Sample<ElementwiseAttrs> => ({
          inputs: [
            { shape: a, fill: fills[0] },
            { shape: b, fill: fills[1] },
          ],
          attrs,
        })),
      ),
      ...(row.kinks ?? []).slice(0, 1).map((): Sample<ElementwiseAttrs> => ({
        inputs: row.kinks!.map((fill, i) => ({ shape: i === 0 ? [12, 5] : [5], fill })),
        attrs: attributes[0]!,
        kink: true,
      })),
    ],
  };
}

export const exact: Accuracy<ElementwiseAttrs> = { kind: 'exact' };
export const ulp = (count: number): Accuracy<ElementwiseAttrs> => ({ kind: 'ulp', ulp: count });
export const near = (absolute: number, relative: number): Accuracy<ElementwiseAttrs> => ({
  kind: 'mixed',
  absolute,
  relative,
});

/** Rows that exist as parts of gradients, one dispatch each; they have no gradient of their own. */
export type Internal = Omit<BinaryRow, 'grad' | 'accuracy'> & { readonly accuracy?: Accuracy<ElementwiseAttrs> };
export const internal = (row: Internal): ElementwiseOp => binaryOp({ accuracy: near(2e-6, 2e-6), ...row, grad: null });
