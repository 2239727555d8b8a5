// The gradient of the simple recurrent network over a whole sequence.

import shader from '../../shaders/rnn.wgsl';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { dispatch, input, output, scratch, type Dispatch } from '../kernel/shader.ts';
import type { Target } from '../kernel/target.ts';
import type { EpilogueActivation } from './activations.ts';
import { bytesMoved, copyWords } from './copy.ts';
import { backwardSteps, cellCall, prefersProducts } from './recurrent_products.ts';
import {
  addInitialGradient,
  backThrough,
  checkMask,
  expectShape,
  isValid,
  kernelInput,
  maskingConstant,
  maskInput,
  recurrentAccuracy,
  recurrentSizes,
  stepCall,
  stepConstants,
  stepIn,
  stepOut,
  walks,
  type RecurrentSizes,
  type Walk,
} from './recurrent_steps.ts';

/** Those whose derivative follows from the result. */
export type RnnActivation = EpilogueActivation | 'linear';

/** The derivative from the result y, for kernels (of f32 and vec4f) and as a reference. */
const slopes: Readonly<Record<RnnActivation, { wgsl: string; wgsl4: string; reference: (y: number) => number }>> = {
  tanh: { wgsl: '1.0 - y * y', wgsl4: 'vec4f(1.0) - y * y', reference: (y) => 1 - y * y },
  sigmoid: { wgsl: 'y * (1.0 - y)', wgsl4: 'y * (vec4f(1.0) - y)', reference: (y) => y * (1 - y) },
  relu: {
    wgsl: 'select(0.0, 1.0, y > 0.0)',
    wgsl4: 'select(vec4f(0.0), vec4f(1.0), y > vec4f(0.0))',
    reference: (y) => (y > 0 ? 1 : 0),
  },
  linear: { wgsl: '1.0', wgsl4: 'vec4f(1.0)', reference: () => 1 },
};

export const rnnActivations = Object.keys(slopes) as readonly RnnActivation[];

export interface RnnAttrs extends Walk {
  readonly activation: RnnActivation;
}

export interface RnnGradAttrs extends RnnAttrs {
  /** Whether a gradient of the whole sequence of states is given, not of the last state alone. */
  readonly sequence: boolean;
}

const gradSizes = ({ inputs }: CallTypes<unknown>): RecurrentSizes => {
  const [N, T, U] = inputs[1]!.shape as [number, number, number];
  return { N, T, U, width: U };
};
const dyAt = ({ sequence }: RnnGradAttrs): number => (sequence ? 3 : 0);
const gradMaskAt = ({ sequence, masking }: RnnGradAttrs): number => (masking === null ? 0 : sequence ? 4 : 3);

function gradDispatch(call: CallTypes<RnnGradAttrs>, s: number, lanes: 1 | 4): Dispatch {
  const { attrs, inputs } = call;
  const sizes = gradSizes(call);
  const { LAST } = stepConstants(s, sizes.T);
  const rest = {
    ...stepCall(attrs, sizes, s, lanes),
    constants: { LAST, HAS_DY: attrs.sequence, MASKING: maskingConstant(attrs, inputs[gradMaskAt(attrs)]) },
  };
  const { wgsl, wgsl4 } = slopes[attrs.activation];
  const [kernel, results, dy, mask] = [input(0), input(1), input(dyAt(attrs)), input(gradMaskAt(attrs))];
  return lanes === 4
    ? dispatch(shader, 'rnn_grad_vec4', {
        bindings: { kernel4: kernel, results4: results, dy4: dy, mask, slopes4: output(0), carry4: output(1) },
        hooks: { slope4: wgsl4 },
        ...rest,
      })
    : dispatch(shader, 'rnn_grad', {
        bindings: { kernel, results, dy, mask, slopes: output(0), carry: output(1) },
        hooks: { slope: wgsl },
        ...rest,
      });
}

function gradPlan(lanes: 1 | 4) {
  return (call: CallTypes<RnnGradAttrs>) => {
    const sizes = gradSizes(call);
    const { N, T, U } = sizes;
    return {
      dispatches: [
        copyWords(input(2), output(1), N * U, 0, lanes),
        ...Array.from({ length: T }, (_, i) => gradDispatch(call, T - 1 - i, lanes)),
        addInitialGradient(call.attrs, sizes, { kernel: input(0), slopes: output(0), carry: output(1) }),
      ],
    };
  };
}

function productPlan(call: CallTypes<RnnGradAttrs>, target: Target) {
  const { attrs, inputs } = call;
  const sizes = gradSizes(call);
  const { N, T, U } = sizes;
  const refs = { kernel: input(0), slopes: output(0) };
  const { dispatches, scratch: bytes } = backwardSteps(attrs, sizes, refs, target, (s) =>
    dispatch(shader, 'rnn_grad_cell', {
      bindings: {
        product4: scratch(1),
        results4: input(1),
        dy4: input(dyAt(attrs)),
        mask: input(gradMaskAt(attrs)),
        slopes4: output(0),
        carry4: output(1),
      },
      hooks: { slope4: slopes[attrs.activation].wgsl4 },
      ...cellCall(attrs, sizes, s),
      constants: {
        LAST: stepConstants(s, T).LAST,
        HAS_DY: attrs.sequence,
        MASKING: maskingConstant(attrs, inputs[gradMaskAt(attrs)]),
      },
    }),
  );
  return {
    dispatches: [
      copyWords(input(2), output(1), N * U, 0, 4),
      ...dispatches,
      addInitialGradient(attrs, sizes, { kernel: input(0), slopes: output(0), carry: output(1) }),
    ],
    scratch: bytes,
  };
}

const fitsVec4 = (call: CallTypes<unknown>): boolean => call.inputs[0]!.shape[0]! % 4 === 0;

/**
 * recurrentKernel [U,U], states [N,T,U], the gradient of the last state [N,U], that of the states [N,T,U] if
 * attrs.sequence, a mask if attrs.masking -> the gradients of x [N,T,U] and of h0 [N,U].
 */
export const rnnGradOp: Op<RnnGradAttrs> = {
  name: 'rnn_grad',
  infer(inputs, attrs) {
    const [kernel, states, last] = inputs;
    const { N, T, U } = recurrentSizes('rnn gradient', states!, kernel!, 1);
    expectShape('rnn gradient', 'the last state', last!, [N, U]);
    if (attrs.sequence) expectShape('rnn gradient', 'dy', inputs[3]!, [N, T, U]);
    checkMask('rnn gradient', attrs, inputs[gradMaskAt(attrs)], N, T);
    return [
      [N, T, U],
      [N, U],
    ].map((shape) => ({ shape, dtype: 'f32' as const }));
  },
  cpu(x, [dx, dh0], call) {
    const { attrs } = call;
    const [kernel, states, last] = x;
    const dy = attrs.sequence ? x[3] : undefined;
    const mask = x[gradMaskAt(attrs)];
    const { N, T, U } = gradSizes(call);
    const slope = slopes[attrs.activation].reference;
    const carry = Float64Array.from(last!);
    for (let s = T - 1; s >= 0; s--) {
      for (let n = 0; n < N; n++) {
        const t = stepIn(attrs, T, s);
        const runs = isValid(attrs, T, mask, n, t);
        for (let u = 0; u < U; u++) {
          const at = (n * T + stepOut(attrs, T, s)) * U + u;
          let dh = carry[n * U + u]! + (dy?.[at] ?? 0);
          if (s < T - 1) dh += backThrough(dx!, (n * T + stepIn(attrs, T, s + 1)) * U, kernel!, u, U);
          dx![(n * T + t) * U + u] = runs ? dh * slope(states![at]!) : 0;
          carry[n * U + u] = runs ? 0 : dh;
        }
      }
    }
    for (let n = 0; n < N; n++) {
      const first = (n * T + stepIn(attrs, T, 0)) * U;
      for (let u = 0; u < U; u++) dh0![n * U + u] = carry[n * U + u]! + backThrough(dx!, first, kernel!, u, U);
    }
  },
  kernels: {
    products: {
      fits: fitsVec4,
      preferred: (call, target) => prefersProducts(gradSizes(call), target),
      plan: productPlan,
    },
    vec4: { fits: fitsVec4, plan: gradPlan(4) },
    naive: { plan: gradPlan(1) },
  },
  grad: null, // a second derivative, which nothing asks for
  cost(call) {
    const { N, T, U } = gradSizes(call);
    return { flops: N * T * (2 * U * U + 8 * U), bytes: bytesMoved(call) };
  },
  accuracy: (call) => recurrentAccuracy(gradSizes(call)),
  samples: rnnSamples().flatMap(({ x, kernel, h, mask, attrs }): Sample<RnnGradAttrs>[] => [
    { inputs: [kernel, x, h, { ...x }, ...mask], attrs: { ...attrs, sequence: true } },
    { inputs: [kernel, x, h, ...mask], attrs: { ...attrs, sequence: false } },
  ]),
};

/** Every order of steps with every masking and activation, and sizes of one, odd, and multiples of four. */
export function rnnSamples() {
  const sizes = [
    [1, 1, 1],
    [2, 3, 3],
    [3, 4, 4],
    [5, 6, 8],
    [1, 5, 20],
  ] as const;
  return walks([null, 'lengths', 'mask']).flatMap((walk, i) =>
    sizes
      .filter((_, j) => walk.masking !== 'lengths' || (i + j) % 2 === 0)
      .map(([N, T, U], j) => ({
        // Bounded values, because a linear network or its gradient passes them on as they are.
        x: { shape: [N, T, U], fill: { values: Array.from({ length: N * T * U }, inputValue) } },
        kernel: kernelInput(U, U),
        h: { shape: [N, U] },
        mask: walk.masking === null ? [] : [maskInput(walk, N, T, i + 2 * j)],
        attrs: { ...walk, activation: rnnActivations[(i + j) % 4]! },
      })),
  );
}

function inputValue(_: unknown, i: number): number {
  return Math.fround(Math.sin(7.13 * (i + 1)));
}
