// Long short-term memory over a whole sequence.

import shader from '../../shaders/lstm.wgsl';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { apply, applyOne, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output, scratch, type Dispatch } from '../kernel/shader.ts';
import type { Target } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { full } from './full.ts';
import { lstmGradOp, lstmSamples } from './lstm_grad.ts';
import { previousStatesOp, stepProduct } from './recurrent.ts';
import { cellCall, forwardSteps, prefersProducts } from './recurrent_products.ts';
import {
  addRecurrent,
  checkMask,
  expectShape,
  isValid,
  lastState,
  maskingConstant,
  recurrentAccuracy,
  recurrentSizes,
  sigmoidOf,
  stateBefore,
  stepCall,
  stepConstants,
  stepIn,
  stepOut,
  type RecurrentSizes,
  type Walk,
} from './recurrent_steps.ts';

const sizesOf = ({ inputs }: CallTypes<unknown>): RecurrentSizes => recurrentSizes('lstm', inputs[0]!, inputs[1]!, 4);

/** Where the mask stands among the inputs of `lstm`; where there is none, the kernel is bound in its place. */
const maskAt = ({ masking }: Walk): number => (masking === null ? 1 : 4);

function stepDispatch(call: CallTypes<Walk>, s: number, lanes: 1 | 4): Dispatch {
  const { attrs, inputs } = call;
  const sizes = sizesOf(call);
  const { FIRST } = stepConstants(s, sizes.T);
  const rest = {
    ...stepCall(attrs, sizes, s, lanes),
    constants: { FIRST, MASKING: maskingConstant(attrs, inputs[4]) },
  };
  const [x, kernel, initial, cell, mask] = [input(0), input(1), input(2), input(3), input(maskAt(attrs))];
  const [states, saved] = [output(0), output(1)];
  return lanes === 4
    ? dispatch(shader, 'lstm_vec4', {
        bindings: {
          x4: x,
          kernel4: kernel,
          initial4: initial,
          initial_cell4: cell,
          mask,
          states4: states,
          saved4: saved,
        },
        ...rest,
      })
    : dispatch(shader, 'lstm', {
        bindings: { x, kernel, initial, initial_cell: cell, mask, states, saved },
        ...rest,
      });
}

function forwardPlan(lanes: 1 | 4) {
  return (call: CallTypes<Walk>) => {
    const { T } = sizesOf(call);
    return {
      dispatches: [...Array.from({ length: T }, (_, s) => stepDispatch(call, s, lanes)), ...lastStates(call)],
    };
  };
}

function productPlan(call: CallTypes<Walk>, target: Target) {
  const { attrs, inputs } = call;
  const sizes = sizesOf(call);
  const { T } = sizes;
  const refs = { kernel: input(1), initial: input(2), states: output(0) };
  const { dispatches, scratch: bytes } = forwardSteps(attrs, sizes, refs, target, (s) =>
    dispatch(shader, 'lstm_cell', {
      bindings: {
        x4: input(0),
        product4: scratch(1),
        initial4: input(2),
        initial_cell4: input(3),
        mask: input(maskAt(attrs)),
        states4: output(0),
        saved4: output(1),
      },
      ...cellCall(attrs, sizes, s),
      constants: { FIRST: stepConstants(s, T).FIRST, MASKING: maskingConstant(attrs, inputs[4]) },
    }),
  );
  return { dispatches: [...dispatches, ...lastStates(call)], scratch: bytes };
}

function lastStates({ attrs, ...call }: CallTypes<Walk>): Dispatch[] {
  const sizes = sizesOf({ ...call, attrs });
  const { U } = sizes;
  return [
    lastState(attrs, { ...sizes, width: U }, output(0), output(2)),
    lastState(attrs, { ...sizes, width: 5 * U }, output(1), output(3), 4 * U),
  ];
}

const fitsVec4 = (call: CallTypes<unknown>): boolean => call.inputs[1]!.shape[0]! % 4 === 0;

/**
 * x [N,T,4U] (projected), recurrentKernel [U,4U], h0 [N,U], c0 [N,U], and a mask if attrs.masking says so -> states
 * [N,T,U]; saved [N,T,5U] = i, f, g, o, c of each step, for the gradient; the last h [N,U]; the last c [N,U].
 */
export const lstmOp: Op<Walk> = {
  name: 'lstm',
  infer(inputs, attrs) {
    const [x, kernel, h, c, mask] = inputs;
    const { N, T, U } = recurrentSizes('lstm', x!, kernel!, 4);
    expectShape('lstm', 'initialState[0]', h!, [N, U]);
    expectShape('lstm', 'initialState[1]', c!, [N, U]);
    checkMask('lstm', attrs, mask, N, T);
    return [
      [N, T, U],
      [N, T, 5 * U],
      [N, U],
      [N, U],
    ].map((shape) => ({ shape, dtype: 'f32' as const }));
  },
  cpu([x, kernel, initial, initialCell, mask], [states, saved, lastH, lastC], call) {
    const { attrs } = call;
    const sizes = sizesOf(call);
    const { N, T, U, width } = sizes;
    const sums = new Float64Array(width);
    for (let s = 0; s < T; s++) {
      const before = stateBefore(attrs, sizes, states!, initial!, s);
      const t = stepIn(attrs, T, s);
      for (let n = 0; n < N; n++) {
        const h = before(n);
        const o = n * T + stepOut(attrs, T, s);
        const from = s === 0 ? null : (n * T + stepOut(attrs, T, s - 1)) * 5 * U + 4 * U;
        const runs = isValid(attrs, T, mask, n, t);
        for (let j = 0; j < width; j++) sums[j] = x![(n * T + t) * width + j]!;
        addRecurrent(sums, h.values, h.at, kernel!, sizes);
        for (let u = 0; u < U; u++) {
          const i = sigmoidOf(sums[u]!);
          const f = sigmoidOf(sums[U + u]!);
          const g = Math.tanh(sums[2 * U + u]!);
          const out = sigmoidOf(sums[3 * U + u]!);
          const cell = from === null ? initialCell![n * U + u]! : saved![from + u]!;
          const c = f * cell + i * g;
          [i, f, g, out, runs ? c : cell].forEach((value, part) => (saved![(o * 5 + part) * U + u] = value));
          states![o * U + u] = runs ? out * Math.tanh(c) : h.values[h.at + u]!;
        }
      }
    }
    const last = stepOut(attrs, T, T - 1);
    for (let n = 0; n < N; n++) {
      for (let u = 0; u < U; u++) {
        lastH![n * U + u] = states![(n * T + last) * U + u]!;
        lastC![n * U + u] = saved![((n * T + last) * 5 + 4) * U + u]!;
      }
    }
  },
  kernels: {
    products: {
      fits: fitsVec4,
      preferred: (call, target) => prefersProducts(sizesOf(call), target),
      plan: productPlan,
    },
    vec4: { fits: fitsVec4, plan: forwardPlan(4) },
    naive: { plan: forwardPlan(1) },
  },
  grad({ dy, x, y, attrs }) {
    const [, kernel, h, c, mask] = x as [Tensor, Tensor, Tensor, Tensor, Tensor?];
    if (dy[1]) throw new Error('lstm: nothing but its own gradient reads what it saved');
    const none = () => full(h.shape, 0);
    const [dx, dh, dc] = apply(
      lstmGradOp,
      [kernel, y[1]!, c, dy[2] ?? none(), dy[3] ?? none(), ...(dy[0] ? [dy[0]] : []), ...(mask ? [mask] : [])],
      { ...attrs, sequence: dy[0] !== null },
    );
    const previous = applyOne(previousStatesOp, [y[0]!, h], attrs);
    return [dx!, stepProduct(previous, dx!), dh!, dc!, null];
  },
  cost(call) {
    const { N, T, U, width } = sizesOf(call);
    return { flops: N * T * (2 * U * width + 30 * U), bytes: bytesMoved(call) };
  },
  accuracy: (call) => recurrentAccuracy(sizesOf(call)),
  samples: lstmSamples().map(({ inputs: [x, kernel, h, mask], walk }): Sample<Walk> => ({
    inputs: [x!, kernel!, h!, { ...h! }, ...(mask ? [mask] : [])],
    attrs: walk,
  })),
};

export const lstmOps = [lstmOp, lstmGradOp] as const;
