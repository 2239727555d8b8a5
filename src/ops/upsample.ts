// Every element of an image repeated along its spatial axes; the gradient adds the copies' up.

import shader from '../../shaders/upsample.wgsl';
import { ShapeError } from '../core/errors.ts';
import { format, type Shape, sizeOf } from '../core/shape.ts';
import type { Kernel, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type TensorType } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import type { Triple, VolumeShape } from './window.ts';

export interface UpsampleAttrs {
  /** How many times each element stands along depth, height and width. */
  readonly size: Triple;
}

function checkVolume(where: string, name: string, x: TensorType): VolumeShape {
  expectDType(where, name, x, 'f32');
  if (x.shape.length !== 5) throw new ShapeError(`${where}: ${name} is ${format(x.shape)}, expected [N,D,H,W,C]`);
  return x.shape as VolumeShape;
}

/** The volume `size` times as large along each axis. */
function larger([N, D, H, W, C]: VolumeShape, size: Triple): VolumeShape {
  return [N, D * size[0], H * size[1], W * size[2], C];
}

/** Calls `visit(y index, x index)` for every element of the larger volume. */
function eachCopy(volume: VolumeShape, size: Triple, visit: (y: number, x: number) => void): void {
  const [N, D, H, W, C] = volume;
  const [, OD, OH, OW] = larger(volume, size);
  let y = 0;
  for (let n = 0; n < N; n++) {
    for (let od = 0; od < OD; od++) {
      for (let oh = 0; oh < OH; oh++) {
        for (let ow = 0; ow < OW; ow++) {
          const [d, h, w] = [Math.floor(od / size[0]), Math.floor(oh / size[1]), Math.floor(ow / size[2])];
          for (let c = 0; c < C; c++) visit(y++, (((n * D + d) * H + h) * W + w) * C + c);
        }
      }
    }
  }
}

/** Forward or `back`. */
function kernel(lanes: 1 | 4, back: boolean): Kernel<UpsampleAttrs> {
  return {
    fits: ({ inputs }) => inputs[0]!.shape[4]! % lanes === 0,
    plan({ inputs, outputs, attrs }) {
      const [, , H, W, C] = (back ? outputs : inputs)[0]!.shape as VolumeShape;
      const size = sizeOf(outputs[0]!.shape) / lanes;
      const [size_d, size_h, size_w] = attrs.size;
      const rest = { params: { size, H, W, C: C / lanes, size_d, size_h, size_w }, workgroups: flatGrid(size, 64) };
      const [from, to] = [input(0), output(0)];
      if (back && lanes === 4) {
        return { dispatches: [dispatch(shader, 'upsample_grad_vec4', { bindings: { dy4: from, dx4: to }, ...rest })] };
      }
      if (back) return { dispatches: [dispatch(shader, 'upsample_grad', { bindings: { dy: from, dx: to }, ...rest })] };
      if (lanes === 4) {
        return { dispatches: [dispatch(shader, 'upsample_vec4', { bindings: { x4: from, y4: to }, ...rest })] };
      }
      return { dispatches: [dispatch(shader, 'upsample', { bindings: { x: from, y: to }, ...rest })] };
    },
  };
}

const cases: readonly (readonly [VolumeShape, Triple])[] = [
  [[1, 1, 1, 1, 1], [1, 1, 1]],
  [[2, 1, 3, 5, 3], [1, 2, 2]],
  [[1, 1, 4, 3, 8], [1, 2, 3]],
  [[2, 1, 1, 7, 2], [1, 1, 4]],
  [[2, 3, 2, 4, 1], [2, 3, 2]],
  [[3, 2, 5, 1, 4], [3, 1, 5]],
  [[1, 2, 3, 2, 4], [2, 2, 2]],
  [[2, 1, 3, 1, 8], [1, 1, 1]],
]; // prettier-ignore

export const upsampleOp: Op<UpsampleAttrs> = {
  name: 'upsample',
  infer: ([x], { size }) => [{ shape: larger(checkVolume('upsample', 'x', x!), size), dtype: 'f32' }],
  cpu([x], [y], { inputs, attrs }) {
    eachCopy(inputs[0]!.shape as VolumeShape, attrs.size, (to, from) => (y![to] = x![from]!));
  },
  kernels: { vec4: kernel(4, false), naive: kernel(1, false) },
  grad: ({ dy, attrs }) => [applyOne(upsampleGradOp, [dy[0]!], attrs)],
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: cases.map(([shape, size]): Sample<UpsampleAttrs> => ({ inputs: [{ shape }], attrs: { size } })),
};

/** dy -> dx: the sum over each element's copies. */
export const upsampleGradOp: Op<UpsampleAttrs> = {
  name: 'upsample_grad',
  infer([dy], { size }) {
    const [N, OD, OH, OW, C] = checkVolume('upsample gradient', 'dy', dy!);
    const shape: Shape = [N, OD / size[0], OH / size[1], OW / size[2], C];
    if (!shape.every(Number.isInteger)) {
      throw new ShapeError(`upsample gradient: dy is ${format(dy!.shape)}, expected multiples of ${format(size)}`);
    }
    return [{ shape, dtype: 'f32' }];
  },
  cpu([dy], [dx], { outputs, attrs }) {
    const sums = new Float64Array(dx!.length);
    eachCopy(outputs[0]!.shape as VolumeShape, attrs.size, (from, to) => (sums[to]! += dy![from]!));
    dx!.set(sums);
  },
  kernels: { vec4: kernel(4, true), naive: kernel(1, true) },
  grad: ({ dy, attrs }) => [applyOne(upsampleOp, [dy[0]!], attrs)],
  cost: (call) => ({ flops: sizeOf(call.inputs[0]!.shape), bytes: bytesMoved(call) }),
  accuracy: { kind: 'sum', terms: ({ attrs }) => sizeOf(attrs.size) },
  samples: cases.map(([shape, size]): Sample<UpsampleAttrs> => ({
    inputs: [{ shape: larger(shape, size) }],
    attrs: { size },
  })),
};

export const upsampleOps = [upsampleOp, upsampleGradOp] as const;
