// The simple recurrent network of Elman (1990) over a whole sequence.

import shader from '../../shaders/rnn.wgsl';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { apply, applyOne, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output, scratch, type Dispatch } from '../kernel/shader.ts';
import type { Target } from '../kernel/target.ts';
import { activations } from './activations.ts';
import { bytesMoved } from './copy.ts';
import { full } from './full.ts';
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
  stateBefore,
  stepCall,
  stepConstants,
  stepIn,
  stepOut,
  type RecurrentSizes,
  type Walk,
} from './recurrent_steps.ts';
import { rnnGradOp, rnnSamples, type RnnAttrs } from './rnn_grad.ts';

const sizesOf = ({ inputs }: CallTypes<unknown>): RecurrentSizes => recurrentSizes('rnn', inputs[0]!, inputs[1]!, 1);
const maskAt = ({ masking }: Walk): number => (masking === null ? 1 : 3);

function stepDispatch(call: CallTypes<RnnAttrs>, s: number, lanes: 1 | 4): Dispatch {
  const { attrs, inputs } = call;
  const sizes = sizesOf(call);
  const { FIRST } = stepConstants(s, sizes.T);
  const rest = {
    ...stepCall(attrs, sizes, s, lanes),
    constants: { FIRST, MASKING: maskingConstant(attrs, inputs[3]) },
  };
  const { wgsl = 'x', wgsl4 = 'x' } = activations[attrs.activation];
  const [x, kernel, initial, mask, states] = [input(0), input(1), input(2), input(maskAt(attrs)), output(0)];
  return lanes === 4
    ? dispatch(shader, 'rnn_vec4', {
        bindings: { x4: x, kernel4: kernel, initial4: initial, mask, states4: states },
        hooks: { activate4: wgsl4 },
        ...rest,
      })
    : dispatch(shader, 'rnn', {
        bindings: { x, kernel, initial, mask, states },
        hooks: { activate: wgsl },
        ...rest,
      });
}

function forwardPlan(lanes: 1 | 4) {
  return (call: CallTypes<RnnAttrs>) => {
    const sizes = sizesOf(call);
    const steps = Array.from({ length: sizes.T }, (_, s) => stepDispatch(call, s, lanes));
    return { dispatches: [...steps, lastState(call.attrs, { ...sizes, width: sizes.U }, output(0), output(1))] };
  };
}

function productPlan(call: CallTypes<RnnAttrs>, target: Target) {
  const { attrs, inputs } = call;
  const sizes = sizesOf(call);
  const refs = { kernel: input(1), initial: input(2), states: output(0) };
  const { wgsl4 = 'x' } = activations[attrs.activation];
  const { dispatches, scratch: bytes } = forwardSteps(attrs, sizes, refs, target, (s) =>
    dispatch(shader, 'rnn_cell', {
      bindings: {
        x4: input(0),
        product4: scratch(1),
        initial4: input(2),
        mask: input(maskAt(attrs)),
        states4: output(0),
      },
      hooks: { activate4: wgsl4 },
      ...cellCall(attrs, sizes, s),
      constants: { FIRST: stepConstants(s, sizes.T).FIRST, MASKING: maskingConstant(attrs, inputs[3]) },
    }),
  );
  return { dispatches: [...dispatches, lastState(attrs, sizes, output(0), output(1))], scratch: bytes };
}

const fitsVec4 = (call: CallTypes<unknown>): boolean => call.inputs[1]!.shape[0]! % 4 === 0;

/**
 * x [N,T,U] (projected), recurrentKernel [U,U], h0 [N,U], and a mask if attrs.masking says so -> states [N,T,U] and the
 * last one [N,U].
 */
export const rnnOp: Op<RnnAttrs> = {
  name: 'rnn',
  infer([x, kernel, h, mask], attrs) {
    const { N, T, U } = recurrentSizes('rnn', x!, kernel!, 1);
    expectShape('rnn', 'initialState[0]', h!, [N, U]);
    checkMask('rnn', attrs, mask, N, T);
    return [
      [N, T, U],
      [N, U],
    ].map((shape) => ({ shape, dtype: 'f32' as const }));
  },
  cpu([x, kernel, initial, mask], [states, last], call) {
    const { attrs } = call;
    const sizes = sizesOf(call);
    const { N, T, U } = sizes;
    const activate = activations[attrs.activation].reference!;
    const sums = new Float64Array(U);
    for (let s = 0; s < T; s++) {
      const before = stateBefore(attrs, sizes, states!, initial!, s);
      const t = stepIn(attrs, T, s);
      for (let n = 0; n < N; n++) {
        const h = before(n);
        const runs = isValid(attrs, T, mask, n, t);
        for (let u = 0; u < U; u++) sums[u] = x![(n * T + t) * U + u]!;
        addRecurrent(sums, h.values, h.at, kernel!, sizes);
        const to = (n * T + stepOut(attrs, T, s)) * U;
        for (let u = 0; u < U; u++) states![to + u] = runs ? activate(sums[u]!) : h.values[h.at + u]!;
      }
    }
    for (let n = 0; n < N; n++) {
      const from = (n * T + stepOut(attrs, T, T - 1)) * U;
      for (let u = 0; u < U; u++) last![n * U + u] = states![from + u]!;
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
    const [, kernel, h, mask] = x as [Tensor, Tensor, Tensor, Tensor?];
    const [dx, dh] = apply(
      rnnGradOp,
      [kernel, y[0]!, dy[1] ?? full(h.shape, 0), ...(dy[0] ? [dy[0]] : []), ...(mask ? [mask] : [])],
      { ...attrs, sequence: dy[0] !== null },
    );
    const previous = applyOne(previousStatesOp, [y[0]!, h], attrs);
    return [dx!, stepProduct(previous, dx!), dh!, null];
  },
  cost(call) {
    const { N, T, U } = sizesOf(call);
    return { flops: N * T * (2 * U * U + 8 * U), bytes: bytesMoved(call) };
  },
  accuracy: (call) => recurrentAccuracy(sizesOf(call)),
  samples: rnnSamples().map(({ x, kernel, h, mask, attrs }): Sample<RnnAttrs> => ({
    inputs: [x, kernel, h, ...mask],
    attrs,
  })),
};

export const rnnOps = [rnnOp, rnnGradOp] as const;
