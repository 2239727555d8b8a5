// The gradient of long short-term memory over a whole sequence.

import shader from '../../shaders/lstm.wgsl';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { dispatch, input, output, scratch, type Dispatch } from '../kernel/shader.ts';
import type { Target } from '../kernel/target.ts';
import { bytesMoved, copyWords } from './copy.ts';
import { backwardSteps, cellCall, prefersProducts } from './recurrent_products.ts';
import {
  addInitialGradient,
  backThrough,
  checkMask,
  expectShape,
  gateFill,
  isValid,
  kernelInput,
  maskingConstant,
  maskInput,
  recurrentAccuracy,
  stepCall,
  stepConstants,
  stepIn,
  stepOut,
  walks,
  type RecurrentSizes,
  type Walk,
} from './recurrent_steps.ts';

export interface LstmGradAttrs extends Walk {
  /** Whether a gradient of the whole sequence of states is given, not of the last state alone. */
  readonly sequence: boolean;
}

const gradSizes = ({ inputs }: CallTypes<unknown>): RecurrentSizes => {
  const [N, T] = inputs[1]!.shape as [number, number];
  const [U, width] = inputs[0]!.shape as [number, number];
  return { N, T, U, width };
};
const dyAt = ({ sequence }: LstmGradAttrs): number => (sequence ? 5 : 0);
const gradMaskAt = ({ sequence, masking }: LstmGradAttrs): number => (masking === null ? 0 : sequence ? 6 : 5);

function gradDispatch(call: CallTypes<LstmGradAttrs>, s: number, lanes: 1 | 4): Dispatch {
  const { attrs, inputs } = call;
  const sizes = gradSizes(call);
  const rest = {
    ...stepCall(attrs, sizes, s, lanes),
    constants: {
      ...stepConstants(s, sizes.T),
      HAS_DY: attrs.sequence,
      MASKING: maskingConstant(attrs, inputs[gradMaskAt(attrs)]),
    },
  };
  const [kernel, kept, cell, dy, mask] = [input(0), input(1), input(2), input(dyAt(attrs)), input(gradMaskAt(attrs))];
  const [slopes, carry, carryCell] = [output(0), output(1), output(2)];
  return lanes === 4
    ? dispatch(shader, 'lstm_grad_vec4', {
        bindings: {
          kernel4: kernel,
          kept4: kept,
          initial_cell4: cell,
          dy4: dy,
          mask,
          slopes4: slopes,
          carry4: carry,
          carry_cell4: carryCell,
        },
        ...rest,
      })
    : dispatch(shader, 'lstm_grad', {
        bindings: { kernel, kept, initial_cell: cell, dy, mask, slopes, carry, carry_cell: carryCell },
        ...rest,
      });
}

function gradPlan(lanes: 1 | 4) {
  return (call: CallTypes<LstmGradAttrs>) => {
    const sizes = gradSizes(call);
    const { N, T, U } = sizes;
    return {
      dispatches: [
        copyWords(input(3), output(1), N * U, 0, lanes),
        copyWords(input(4), output(2), N * U, 0, lanes),
        ...Array.from({ length: T }, (_, i) => gradDispatch(call, T - 1 - i, lanes)),
        addInitialGradient(call.attrs, sizes, { kernel: input(0), slopes: output(0), carry: output(1) }),
      ],
    };
  };
}

function productPlan(call: CallTypes<LstmGradAttrs>, target: Target) {
  const { attrs, inputs } = call;
  const sizes = gradSizes(call);
  const { N, T, U } = sizes;
  const refs = { kernel: input(0), slopes: output(0) };
  const { dispatches, scratch: bytes } = backwardSteps(attrs, sizes, refs, target, (s) =>
    dispatch(shader, 'lstm_grad_cell', {
      bindings: {
        product4: scratch(1),
        kept4: input(1),
        initial_cell4: input(2),
        dy4: input(dyAt(attrs)),
        mask: input(gradMaskAt(attrs)),
        slopes4: output(0),
        carry4: output(1),
        carry_cell4: output(2),
      },
      ...cellCall(attrs, sizes, s),
      constants: {
        ...stepConstants(s, T),
        HAS_DY: attrs.sequence,
        MASKING: maskingConstant(attrs, inputs[gradMaskAt(attrs)]),
      },
    }),
  );
  return {
    dispatches: [
      copyWords(input(3), output(1), N * U, 0, 4),
      copyWords(input(4), output(2), N * U, 0, 4),
      ...dispatches,
      addInitialGradient(attrs, sizes, { kernel: input(0), slopes: output(0), carry: output(1) }),
    ],
    scratch: bytes,
  };
}

const fitsVec4 = (call: CallTypes<unknown>): boolean => call.inputs[0]!.shape[0]! % 4 === 0;

/**
 * recurrentKernel [U,4U], saved [N,T,5U], c0 [N,U], the gradients of the last h and c [N,U], that of the states [N,T,U]
 * if attrs.sequence, a mask if attrs.masking -> the gradients of x [N,T,4U], h0 [N,U] and c0 [N,U].
 */
export const lstmGradOp: Op<LstmGradAttrs> = {
  name: 'lstm_grad',
  infer(inputs, attrs) {
    const [kernel, saved, c, dh, dc] = inputs;
    const [U, width] = kernel!.shape as [number, number];
    const [N, T] = saved!.shape as [number, number];
    expectShape('lstm gradient', 'saved', saved!, [N, T, 5 * U]);
    for (const value of [c, dh, dc]) expectShape('lstm gradient', 'a state', value!, [N, U]);
    if (attrs.sequence) expectShape('lstm gradient', 'dy', inputs[5]!, [N, T, U]);
    checkMask('lstm gradient', attrs, inputs[gradMaskAt(attrs)], N, T);
    return [
      [N, T, width],
      [N, U],
      [N, U],
    ].map((shape) => ({ shape, dtype: 'f32' as const }));
  },
  cpu(x, [slopes, dh0, dc0], call) {
    const { attrs } = call;
    const [kernel, saved, initialCell, dhLast, dcLast] = x;
    const dy = attrs.sequence ? x[5] : undefined;
    const mask = x[gradMaskAt(attrs)];
    const { N, T, U, width } = gradSizes(call);
    const carry = Float64Array.from(dhLast!);
    const carryCell = Float64Array.from(dcLast!);
    for (let s = T - 1; s >= 0; s--) {
      for (let n = 0; n < N; n++) {
        const t = stepIn(attrs, T, s);
        const o = n * T + stepOut(attrs, T, s);
        const to = (n * T + t) * width;
        const runs = isValid(attrs, T, mask, n, t);
        for (let u = 0; u < U; u++) {
          const [i, f, g, out, c] = [0, 1, 2, 3, 4].map((part) => saved![(o * 5 + part) * U + u]!) as Five;
          const cell =
            s === 0 ? initialCell![n * U + u]! : saved![((n * T + stepOut(attrs, T, s - 1)) * 5 + 4) * U + u]!;
          let dh = carry[n * U + u]! + (dy?.[o * U + u] ?? 0);
          if (s < T - 1) dh += backThrough(slopes!, (n * T + stepIn(attrs, T, s + 1)) * width, kernel!, u, width);
          const squashed = Math.tanh(c);
          const dc = carryCell[n * U + u]! + dh * out * (1 - squashed * squashed);
          slopes![to + u] = runs ? dc * g * i * (1 - i) : 0;
          slopes![to + U + u] = runs ? dc * cell * f * (1 - f) : 0;
          slopes![to + 2 * U + u] = runs ? dc * i * (1 - g * g) : 0;
          slopes![to + 3 * U + u] = runs ? dh * squashed * out * (1 - out) : 0;
          carry[n * U + u] = runs ? 0 : dh;
          if (runs) carryCell[n * U + u] = dc * f;
        }
      }
    }
    for (let n = 0; n < N; n++) {
      const first = (n * T + stepIn(attrs, T, 0)) * width;
      for (let u = 0; u < U; u++) {
        dh0![n * U + u] = carry[n * U + u]! + backThrough(slopes!, first, kernel!, u, width);
        dc0![n * U + u] = carryCell[n * U + u]!;
      }
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
    const { N, T, U, width } = gradSizes(call);
    return { flops: N * T * (2 * U * width + 40 * U), bytes: bytesMoved(call) };
  },
  accuracy: (call) => recurrentAccuracy(gradSizes(call)),
  samples: lstmSamples().flatMap(({ inputs: [x, kernel, h, mask], walk }): Sample<LstmGradAttrs>[] => {
    const [N, T, width] = x!.shape as [number, number, number];
    const U = width / 4;
    // Gates and cells as they may be: within (0, 1) or not far from it.
    const saved = { shape: [N, T, 5 * U], fill: gateFill(N * T * 5 * U) };
    const last = [h!, { ...h! }, { ...h! }];
    const masked = mask ? [mask] : [];
    return [
      { inputs: [kernel!, saved, ...last, { shape: [N, T, U] }, ...masked], attrs: { ...walk, sequence: true } },
      { inputs: [kernel!, saved, ...last, ...masked], attrs: { ...walk, sequence: false } },
    ];
  }),
};

type Five = [number, number, number, number, number];

/** Every order of steps with every masking, and sizes of one, odd, and multiples of four, some without masks. */
export function lstmSamples() {
  const sizes = [
    [1, 1, 1],
    [2, 3, 3],
    [3, 4, 4],
    [5, 6, 8],
    [1, 3, 20],
  ] as const;
  return walks([null, 'lengths', 'mask']).flatMap((walk, i) =>
    sizes
      .filter((_, j) => walk.masking !== 'lengths' || (i + j) % 2 === 0)
      .map(([N, T, U]) => ({
        inputs: [
          { shape: [N, T, 4 * U] },
          kernelInput(U, 4 * U),
          { shape: [N, U] },
          ...(walk.masking === null ? [] : [maskInput(walk, N, T, N)]),
        ],
        walk,
      })),
  );
}
