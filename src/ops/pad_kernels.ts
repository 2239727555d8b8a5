// The ways to pad a tensor on a GPU, and to sum the gradient of what was read more than once.

import shader from '../../shaders/pad.wgsl';
import type { DType } from '../core/dtype.ts';
import { type Shape, sizeOf } from '../core/shape.ts';
import type { Kernel } from '../graph/op.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';

/** Elements added before and after an axis; negative ones are taken away. */
export type Padding = readonly [before: number, after: number];
export type PadMode = 'constant' | 'replicate' | 'reflect' | 'circular';

export interface PadAttrs {
  /** One for each axis; negative ones with mode 'constant' only. */
  readonly paddings: readonly Padding[];
  readonly mode: PadMode;
  /** The constant; 0 for the other modes. */
  readonly value: number;
}

export interface PadGradAttrs {
  readonly axis: number;
  readonly padding: Padding;
  readonly mode: Exclude<PadMode, 'constant'>;
}

/** The shader's MODE. */
export const modes: Readonly<Record<PadMode, number>> = { constant: 0, replicate: 1, reflect: 2, circular: 3 };
/** Axes from the innermost out; neighbours without padding are one. */
interface Axis {
  readonly length: number;
  readonly before: number;
  readonly padded: number;
}

export function axesOf(shape: Shape, paddings: readonly Padding[]): Axis[] {
  const axes: Axis[] = [];
  let plain = true; // whether a neighbour without padding may join the last axis
  for (let i = shape.length - 1; i >= 0; i--) {
    const length = shape[i]!;
    const [before, after] = paddings[i]!;
    const own = before === 0 && after === 0;
    const last = axes.at(-1);
    if (own && plain && last)
      axes[axes.length - 1] = { length: last.length * length, before: 0, padded: last.padded * length };
    else axes.push({ length, before, padded: before + length + after });
    plain = own;
  }
  return axes.length > 0 ? axes : [{ length: 1, before: 0, padded: 1 }];
}

export function padKernel(lanes: 1 | 4): Kernel<PadAttrs> {
  return {
    fits({ inputs, attrs }) {
      const [inner] = axesOf(inputs[0]!.shape, attrs.paddings);
      return lanes === 1 || (inner!.length === inner!.padded && inner!.length % 4 === 0);
    },
    plan({ inputs, outputs, attrs }) {
      const axes = axesOf(inputs[0]!.shape, attrs.paddings);
      axes[0] = { ...axes[0]!, length: axes[0]!.length / lanes, padded: axes[0]!.padded / lanes };
      const of = (i: number) => axes[i] ?? { length: 1, before: 0, padded: 1 };
      const size = sizeOf(outputs[0]!.shape) / lanes;
      const params = {
        size,
        value: bitsOf(attrs.value, inputs[0]!.dtype),
        padded_0: of(0).padded,
        padded_1: of(1).padded,
        padded_2: of(2).padded,
        padded_3: of(3).padded,
        length_0: of(0).length,
        length_1: of(1).length,
        length_2: of(2).length,
        length_3: of(3).length,
        length_4: of(4).length,
        before_0: of(0).before,
        before_1: of(1).before,
        before_2: of(2).before,
        before_3: of(3).before,
        before_4: of(4).before,
      };
      const rest = {
        params,
        constants: { MODE: modes[attrs.mode], RANK: axes.length },
        workgroups: flatGrid(size, 64),
      };
      return {
        dispatches: [
          lanes === 4
            ? dispatch(shader, 'pad_vec4', { bindings: { x4: input(0), y4: output(0) }, ...rest })
            : dispatch(shader, 'pad', { bindings: { x: input(0), y: output(0) }, ...rest }),
        ],
      };
    },
  };
}

/** The 32 bits of a number of this dtype. */
function bitsOf(value: number, dtype: DType): number {
  return dtype === 'f32' ? new Uint32Array(Float32Array.of(value).buffer)[0]! : value >>> 0;
}

/** Along `axis`: its outer axes, its length without and with padding, its inner axes. */
export function along({ shape }: { readonly shape: Shape }, { axis, padding }: PadGradAttrs) {
  const padded = shape[axis]!;
  const length = padded - padding[0] - padding[1];
  return { outer: sizeOf(shape.slice(0, axis)), padded, length, inner: sizeOf(shape.slice(axis + 1)) };
}

export function padGradKernel(lanes: 1 | 4): Kernel<PadGradAttrs> {
  return {
    fits: ({ inputs, attrs }) => along(inputs[0]!, attrs).inner % lanes === 0,
    plan({ inputs, outputs, attrs }) {
      const { padded, length, inner } = along(inputs[0]!, attrs);
      const size = sizeOf(outputs[0]!.shape) / lanes;
      const rest = {
        params: { size, inner: inner / lanes, length, padded, before: attrs.padding[0] },
        constants: { MODE: modes[attrs.mode] },
        workgroups: flatGrid(size, 64),
      };
      return {
        dispatches: [
          lanes === 4
            ? dispatch(shader, 'pad_grad_vec4', { bindings: { dy4: input(0), dx4: output(0) }, ...rest })
            : dispatch(shader, 'pad_grad', { bindings: { dy: input(0), dx: output(0) }, ...rest }),
        ],
      };
    },
  };
}
