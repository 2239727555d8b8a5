// How a row of the tables of one-operand functions becomes an op.

import shader from '../../shaders/unary.wgsl';
import { OptionError } from '../core/errors.ts';
import { type Shape, sizeOf } from '../core/shape.ts';
import type { Accuracy, Fill, Kernel, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { type ElementwiseAttrs, type ElementwiseOp, rowExpression } from './binary_row.ts';

export interface UnaryGradParts {
  readonly dy: Tensor;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly attrs: ElementwiseAttrs;
}

export interface UnaryRow {
  readonly name: string;
  /** In x, p and q. */
  readonly wgsl: string;
  reference(x: number, p: number, q: number): number;
  /** ∂L/∂x; null where it is 0 everywhere. */
  readonly grad: (parts: UnaryGradParts) => Tensor | null;
  readonly accuracy: Accuracy<ElementwiseAttrs>;
  readonly parameters?: readonly string[];
  readonly fill?: Fill;
  /** One more sample: values worth a look. */
  readonly values?: readonly number[];
  /** One more sample: values at kinks, where a derivative does not exist. */
  readonly kinks?: readonly number[];
  /** Attributes of the samples, in the order of `parameters`: the first set with every shape, others with two. */
  readonly sampled?: readonly (readonly number[])[];
  readonly flops?: number;
  /** Of an element, at least. */
  readonly exponentials?: number;
}

const shapes: readonly Shape[] = [[3, 5], [8, 9], [], [1, 65], [4, 3, 64]];

export function unaryOp(row: UnaryRow): ElementwiseOp {
  const { name, wgsl, reference, grad, accuracy, parameters = [], fill = 'normal', flops = 1, exponentials = 0 } = row;
  const attributes = (row.sampled ?? [[]]).map((set) => Object.fromEntries(parameters.map((key, i) => [key, set[i]!])));
  const special: Sample<ElementwiseAttrs>[] = row.values
    ? [{ inputs: [{ shape: [row.values.length], fill: { values: row.values } }], attrs: attributes[0]! }]
    : [];
  if (row.kinks) {
    special.push({
      inputs: [{ shape: [row.kinks.length], fill: { values: row.kinks } }],
      attrs: attributes[0]!,
      kink: true,
    });
  }
  const numbers = (attrs: ElementwiseAttrs) =>
    [attrs[parameters[0] ?? ''] ?? 0, attrs[parameters[1] ?? ''] ?? 0] as const;
  const kernel = (width: 1 | 4): Kernel<ElementwiseAttrs>['plan'] => {
    return ({ inputs, attrs }) => {
      const size = sizeOf(inputs[0]!.shape) / width;
      const [p, q] = numbers(attrs);
      const call = { params: { size, p, q }, hooks: { map: wgsl }, workgroups: flatGrid(size, 64) };
      const one =
        width === 4
          ? dispatch(shader, 'unary_vec4', { bindings: { x4: input(0), y4: output(0) }, ...call })
          : dispatch(shader, 'unary', { bindings: { x: input(0), y: output(0) }, ...call });
      return { dispatches: [one] };
    };
  };
  return {
    name,
    elementwise: rowExpression(wgsl, ['x'], parameters),
    infer([x]) {
      expectDType(name, 'x', x!, 'f32');
      return [{ shape: x!.shape, dtype: 'f32' }];
    },
    cpu([x], [y], { attrs }) {
      const [p, q] = numbers(attrs);
      for (let i = 0; i < y!.length; i++) y![i] = reference(x![i]!, p, q);
    },
    kernels: {
      vec4: { fits: ({ inputs }) => sizeOf(inputs[0]!.shape) % 4 === 0, plan: kernel(4) },
      naive: { plan: kernel(1) },
    },
    grad: ({ dy: [dy], x: [x], y: [y], attrs }) => [dy ? grad({ dy, x: x!, y: y!, attrs }) : null],
    cost({ inputs }) {
      const size = sizeOf(inputs[0]!.shape);
      return { flops: flops * size, bytes: 8 * size, exponentials: exponentials * size };
    },
    accuracy,
    samples: [
      ...attributes.flatMap((attrs, k) =>
        (k === 0 ? shapes : shapes.slice(0, 2)).map((shape) => ({ inputs: [{ shape, fill }], attrs })),
      ),
      ...special,
    ],
  };
}

/** An option as the f32 that kernels will see. */
export function number(where: string, name: string, value: number, least = -Infinity): number {
  const rounded = Math.fround(value);
  if (Number.isFinite(rounded) && rounded >= least) return rounded;
  const expected = least === -Infinity ? 'a number that is finite in f32' : `a finite number of at least ${least}`;
  throw new OptionError(`${where}: ${name} is ${value}, expected ${expected}`);
}

/** Adds an elementwise op to the graph. */
export const call = (op: ElementwiseOp, x: Tensor, attrs: ElementwiseAttrs = {}): Tensor => applyOne(op, [x], attrs);
