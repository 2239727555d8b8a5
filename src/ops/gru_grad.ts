// The gradient of the gated recurrent unit over a whole sequence.

import shader from '../../shaders/gru.wgsl';
import resetBefore from '../../shaders/gru_before.wgsl';
import type { CallTypes, Op } from '../graph/op.ts';
import { dispatch, input, output, scratch, type Dispatch } from '../kernel/shader.ts';
import type { Target } from '../kernel/target.ts';
import { bytesMoved, copyWords } from './copy.ts';
import { gruGradSamples } from './gru_samples.ts';
import { backwardSteps, cellCall, prefersProducts } from './recurrent_products.ts';
import {
  addInitialGradient,
  backThrough,
  checkMask,
  expectShape,
  isValid,
  maskingConstant,
  recurrentAccuracy,
  stepCall,
  stepConstants,
  stepIn,
  stepOut,
  type RecurrentSizes,
  type Walk,
} from './recurrent_steps.ts';

export interface GruAttrs extends Walk {
  /** r multiplies the recurrent product (Keras's default and cuDNN's), not the state before it. */
  readonly resetAfter: boolean;
  /** Whether the recurrent product has a bias; with `resetAfter` only. */
  readonly bias: boolean;
}

export interface GruGradAttrs extends GruAttrs {
  /** Whether a gradient of the whole sequence of states is given, not of the last state alone. */
  readonly sequence: boolean;
}

const sizesOf = ({ inputs }: CallTypes<unknown>): RecurrentSizes => {
  const [N, T] = inputs[1]!.shape as [number, number];
  const [U, width] = inputs[0]!.shape as [number, number];
  return { N, T, U, width };
};
const dyAt = ({ sequence }: GruGradAttrs): number => (sequence ? 4 : 0);
const maskAt = ({ sequence, masking }: GruGradAttrs): number => (masking === null ? 0 : sequence ? 5 : 4);

function constants({ attrs, inputs }: CallTypes<GruGradAttrs>, s: number, T: number) {
  const { LAST } = stepConstants(s, T);
  return { LAST, HAS_DY: attrs.sequence, MASKING: maskingConstant(attrs, inputs[maskAt(attrs)]) };
}

function afterDispatch(call: CallTypes<GruGradAttrs>, s: number, lanes: 1 | 4): Dispatch {
  const { attrs } = call;
  const sizes = sizesOf(call);
  const rest = { ...stepCall(attrs, sizes, s, lanes), constants: constants(call, s, sizes.T) };
  const [kernel, kept, earlier, dy, mask] = [input(0), input(1), input(2), input(dyAt(attrs)), input(maskAt(attrs))];
  const [dx, carry, slopes] = [output(0), output(1), output(2)];
  return lanes === 4
    ? dispatch(shader, 'gru_grad_vec4', {
        bindings: {
          kernel4: kernel,
          kept4: kept,
          earlier4: earlier,
          dy4: dy,
          mask,
          dx4: dx,
          carry4: carry,
          slopes4: slopes,
        },
        ...rest,
      })
    : dispatch(shader, 'gru_grad', { bindings: { kernel, kept, earlier, dy, mask, dx, carry, slopes }, ...rest });
}

function beforeDispatches(call: CallTypes<GruGradAttrs>, s: number): Dispatch[] {
  const { attrs } = call;
  const sizes = sizesOf(call);
  const { U } = sizes;
  const shared = { kernel: input(0), kept: input(1), earlier: input(2), slopes: output(0), carry: output(1) };
  return [
    dispatch(resetBefore, 'gru_grad_candidate', {
      bindings: { ...shared, dy: input(dyAt(attrs)), mask: input(maskAt(attrs)) },
      ...stepCall(attrs, sizes, s, 1, [0, 2 * U]),
      constants: constants(call, s, sizes.T),
    }),
    dispatch(resetBefore, 'gru_grad_reset', {
      bindings: { ...shared, reset: output(2) },
      ...stepCall(attrs, sizes, s, 1, [2 * U, U]),
    }),
  ];
}

function plan(lanes: 1 | 4) {
  return (call: CallTypes<GruGradAttrs>) => {
    const sizes = sizesOf(call);
    const { N, T, U, width } = sizes;
    const { resetAfter } = call.attrs;
    const steps = Array.from({ length: T }, (_, i) => T - 1 - i);
    const slopes = resetAfter ? output(2) : output(0);
    return {
      dispatches: [
        copyWords(input(3), output(1), N * U, 0, lanes),
        ...steps.flatMap((s) => (resetAfter ? [afterDispatch(call, s, lanes)] : beforeDispatches(call, s))),
        addInitialGradient(
          call.attrs,
          sizes,
          { kernel: input(0), slopes, carry: output(1) },
          resetAfter ? [0, width] : [0, 2 * U],
        ),
      ],
    };
  };
}

function productPlan(call: CallTypes<GruGradAttrs>, target: Target) {
  const { attrs } = call;
  const sizes = sizesOf(call);
  const { N, T, U } = sizes;
  const refs = { kernel: input(0), slopes: output(2) };
  const { dispatches, scratch: bytes } = backwardSteps(attrs, sizes, refs, target, (s) =>
    dispatch(shader, 'gru_grad_cell', {
      bindings: {
        product4: scratch(1),
        kept4: input(1),
        earlier4: input(2),
        dy4: input(dyAt(attrs)),
        mask: input(maskAt(attrs)),
        dx4: output(0),
        carry4: output(1),
        slopes4: output(2),
      },
      ...cellCall(attrs, sizes, s),
      constants: constants(call, s, T),
    }),
  );
  return {
    dispatches: [
      copyWords(input(3), output(1), N * U, 0, 4),
      ...dispatches,
      addInitialGradient(attrs, sizes, { kernel: input(0), slopes: output(2), carry: output(1) }),
    ],
    scratch: bytes,
  };
}

const fitsVec4 = (call: CallTypes<GruGradAttrs>): boolean =>
  call.attrs.resetAfter && call.inputs[0]!.shape[0]! % 4 === 0;

/**
 * recurrentKernel [U,3U], saved [N,T,4U], earlier [N,T,U] (the state each step of x begins with), the gradient of the
 * last h [N,U], that of the states [N,T,U] if attrs.sequence, a mask if attrs.masking -> the gradients of x [N,T,3U], of
 * h0 [N,U], and: with reset after the product that of the product [N,T,3U]; with reset before it r·earlier [N,T,U].
 */
export const gruGradOp: Op<GruGradAttrs> = {
  name: 'gru_grad',
  infer(inputs, attrs) {
    const [kernel, saved, earlier, last] = inputs;
    const [U, width] = kernel!.shape as [number, number];
    const [N, T] = saved!.shape as [number, number];
    expectShape('gru gradient', 'saved', saved!, [N, T, 4 * U]);
    expectShape('gru gradient', 'earlier', earlier!, [N, T, U]);
    expectShape('gru gradient', 'the last state', last!, [N, U]);
    if (attrs.sequence) expectShape('gru gradient', 'dy', inputs[4]!, [N, T, U]);
    checkMask('gru gradient', attrs, inputs[maskAt(attrs)], N, T);
    const other = attrs.resetAfter ? width : U;
    return [
      [N, T, width],
      [N, U],
      [N, T, other],
    ].map((shape) => ({ shape, dtype: 'f32' as const }));
  },
  cpu(x, [dx, dh0, other], call) {
    const { attrs } = call;
    const { resetAfter } = attrs;
    const [kernel, saved, earlier, last] = x;
    const dy = attrs.sequence ? x[4] : undefined;
    const mask = x[maskAt(attrs)];
    const { N, T, U, width } = sizesOf(call);
    const slopes = resetAfter ? other! : dx!;
    const columns = [0, resetAfter ? width : 2 * U] as const;
    const carry = Float64Array.from(last!);
    for (let s = T - 1; s >= 0; s--) {
      for (let n = 0; n < N; n++) {
        const t = n * T + stepIn(attrs, T, s);
        const o = n * T + stepOut(attrs, T, s);
        const runs = isValid(attrs, T, mask, n, stepIn(attrs, T, s));
        const later = (n * T + stepIn(attrs, T, Math.min(s + 1, T - 1))) * width;
        for (let u = 0; u < U; u++) {
          const [z, r, g, a] = [0, 1, 2, 3].map((part) => saved![(o * 4 + part) * U + u]!) as [
            number,
            number,
            number,
            number,
          ];
          let dh = carry[n * U + u]! + (dy?.[o * U + u] ?? 0);
          if (s < T - 1) dh += backThrough(slopes, later, kernel!, u, width, columns);
          const dz = runs ? dh * (earlier![t * U + u]! - g) * z * (1 - z) : 0;
          const dg = runs ? dh * (1 - z) * (1 - g * g) : 0;
          dx![t * width + u] = dz;
          dx![t * width + 2 * U + u] = dg;
          carry[n * U + u] = runs ? dh * z : dh;
          if (!resetAfter) continue;
          const dr = dg * a * r * (1 - r);
          dx![t * width + U + u] = dr;
          other![t * width + u] = dz;
          other![t * width + U + u] = dr;
          other![t * width + 2 * U + u] = dg * r;
        }
        if (resetAfter) continue;
        for (let u = 0; u < U; u++) {
          const r = saved![(o * 4 + 1) * U + u]!;
          const h = earlier![t * U + u]!;
          const da = backThrough(dx!, t * width, kernel!, u, width, [2 * U, U]);
          dx![t * width + U + u] = da * h * r * (1 - r);
          other![t * U + u] = r * h;
          carry[n * U + u]! += da * r;
        }
      }
    }
    for (let n = 0; n < N; n++) {
      const first = (n * T + stepIn(attrs, T, 0)) * width;
      for (let u = 0; u < U; u++) {
        dh0![n * U + u] = carry[n * U + u]! + backThrough(slopes, first, kernel!, u, width, columns);
      }
    }
  },
  kernels: {
    products: {
      fits: fitsVec4,
      preferred: (call, target) => prefersProducts(sizesOf(call), target),
      plan: productPlan,
    },
    vec4: { fits: fitsVec4, plan: plan(4) },
    naive: { plan: plan(1) },
  },
  grad: null, // a second derivative, which nothing asks for
  cost(call) {
    const { N, T, U, width } = sizesOf(call);
    return { flops: N * T * (2 * U * width + 30 * U), bytes: bytesMoved(call) };
  },
  accuracy: (call) => recurrentAccuracy(sizesOf(call)),
  samples: gruGradSamples(),
};
