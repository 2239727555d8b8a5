// The gated recurrent unit over a whole sequence, reset after or before the recurrent product.

import shader from '../../shaders/gru.wgsl';
import resetBefore from '../../shaders/gru_before.wgsl';
import type { CallTypes, Op } from '../graph/op.ts';
import { apply, applyOne, constantTensor, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output, scratch, type Dispatch } from '../kernel/shader.ts';
import type { Target } from '../kernel/target.ts';
import { add, mul } from './binary.ts';
import { bytesMoved } from './copy.ts';
import { full } from './full.ts';
import { gruGradOp, type GruAttrs } from './gru_grad.ts';
import { gruSamples } from './gru_samples.ts';
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
} from './recurrent_steps.ts';
import { sum } from './reduce.ts';

const sizesOf = ({ inputs }: CallTypes<unknown>): RecurrentSizes => recurrentSizes('gru', inputs[0]!, inputs[1]!, 3);

/** Where bias and mask stand; where there is none, the kernel is bound in its place. */
const biasAt = ({ bias }: GruAttrs): number => (bias ? 3 : 1);
const maskAt = ({ bias, masking }: GruAttrs): number => (masking === null ? 1 : bias ? 4 : 3);

function constants({ attrs, inputs }: CallTypes<GruAttrs>, s: number, T: number) {
  return { FIRST: stepConstants(s, T).FIRST, MASKING: maskingConstant(attrs, inputs[maskAt(attrs)]) };
}

function afterDispatch(call: CallTypes<GruAttrs>, s: number, lanes: 1 | 4): Dispatch {
  const { attrs } = call;
  const sizes = sizesOf(call);
  const rest = {
    ...stepCall(attrs, sizes, s, lanes),
    constants: { ...constants(call, s, sizes.T), HAS_BIAS: attrs.bias },
  };
  const [x, kernel, initial, bias, mask] = [input(0), input(1), input(2), input(biasAt(attrs)), input(maskAt(attrs))];
  const [states, saved] = [output(0), output(1)];
  return lanes === 4
    ? dispatch(shader, 'gru_vec4', {
        bindings: { x4: x, kernel4: kernel, initial4: initial, bias4: bias, mask, states4: states, saved4: saved },
        ...rest,
      })
    : dispatch(shader, 'gru', { bindings: { x, kernel, initial, bias, mask, states, saved }, ...rest });
}

function beforeDispatches(call: CallTypes<GruAttrs>, s: number): Dispatch[] {
  const sizes = sizesOf(call);
  const rest = stepCall(call.attrs, sizes, s, 1);
  const { FIRST, MASKING } = constants(call, s, sizes.T);
  const shared = { x: input(0), kernel: input(1), initial: input(2), states: output(0), saved: output(1) };
  return [
    dispatch(resetBefore, 'gru_gates', { bindings: shared, ...rest, constants: { FIRST } }),
    dispatch(resetBefore, 'gru_candidate', {
      bindings: { ...shared, mask: input(maskAt(call.attrs)) },
      ...rest,
      constants: { FIRST, MASKING },
    }),
  ];
}

function plan(steps: (call: CallTypes<GruAttrs>, s: number) => Dispatch[]) {
  return (call: CallTypes<GruAttrs>) => {
    const sizes = sizesOf(call);
    return {
      dispatches: [
        ...Array.from({ length: sizes.T }, (_, s) => steps(call, s)).flat(),
        lastState(call.attrs, { ...sizes, width: sizes.U }, output(0), output(2)),
      ],
    };
  };
}

function productPlan(call: CallTypes<GruAttrs>, target: Target) {
  const { attrs } = call;
  const sizes = sizesOf(call);
  const refs = { kernel: input(1), initial: input(2), states: output(0) };
  const { dispatches, scratch: bytes } = forwardSteps(attrs, sizes, refs, target, (s) =>
    dispatch(shader, 'gru_cell', {
      bindings: {
        x4: input(0),
        product4: scratch(1),
        initial4: input(2),
        bias4: input(biasAt(attrs)),
        mask: input(maskAt(attrs)),
        states4: output(0),
        saved4: output(1),
      },
      ...cellCall(attrs, sizes, s),
      constants: { ...constants(call, s, sizes.T), HAS_BIAS: attrs.bias },
    }),
  );
  const last = lastState(attrs, { ...sizes, width: sizes.U }, output(0), output(2));
  return { dispatches: [...dispatches, last], scratch: bytes };
}

const fitsVec4 = (call: CallTypes<GruAttrs>): boolean => call.attrs.resetAfter && call.inputs[1]!.shape[0]! % 4 === 0;

/**
 * x [N,T,3U] (projected), recurrentKernel [U,3U], h0 [N,U], the recurrent bias [3U] if attrs.bias (reset after the
 * product only), a mask if attrs.masking -> states [N,T,U]; saved [N,T,4U] = z, r, g and what r or the kernel multiplies,
 * for the gradient; the last h [N,U].
 */
export const gruOp: Op<GruAttrs> = {
  name: 'gru',
  infer(inputs, attrs) {
    const [x, kernel, h] = inputs;
    const { N, T, U, width } = recurrentSizes('gru', x!, kernel!, 3);
    expectShape('gru', 'initialState[0]', h!, [N, U]);
    if (attrs.bias) expectShape('gru', 'the recurrent bias', inputs[3]!, [width]);
    checkMask('gru', attrs, inputs[maskAt(attrs)], N, T);
    return [
      [N, T, U],
      [N, T, 4 * U],
      [N, U],
    ].map((shape) => ({ shape, dtype: 'f32' as const }));
  },
  cpu(inputs, [states, saved, last], call) {
    const { attrs } = call;
    const [x, kernel, initial] = inputs;
    const bias = attrs.bias ? inputs[3] : undefined;
    const mask = inputs[maskAt(attrs)];
    const sizes = sizesOf(call);
    const { N, T, U, width } = sizes;
    const sums = new Float64Array(width);
    const r = new Float64Array(U);
    const a = new Float64Array(U);
    for (let s = 0; s < T; s++) {
      const before = stateBefore(attrs, sizes, states!, initial!, s);
      const t = stepIn(attrs, T, s);
      for (let n = 0; n < N; n++) {
        const h = before(n);
        const xt = (n * T + t) * width;
        const o = n * T + stepOut(attrs, T, s);
        const runs = isValid(attrs, T, mask, n, t);
        for (let j = 0; j < width; j++) sums[j] = bias?.[j] ?? 0;
        addRecurrent(sums, h.values, h.at, kernel!, sizes, attrs.resetAfter ? [0, width] : [0, 2 * U]);
        for (let u = 0; u < U; u++) r[u] = sigmoidOf(x![xt + U + u]! + sums[U + u]!);
        if (attrs.resetAfter) {
          a.set(sums.subarray(2 * U));
          for (let u = 0; u < U; u++) sums[2 * U + u]! *= r[u]!;
        } else {
          for (let u = 0; u < U; u++) a[u] = r[u]! * h.values[h.at + u]!;
          addRecurrent(sums, a, 0, kernel!, sizes, [2 * U, U]);
        }
        for (let u = 0; u < U; u++) {
          const z = sigmoidOf(x![xt + u]! + sums[u]!);
          const g = Math.tanh(x![xt + 2 * U + u]! + sums[2 * U + u]!);
          const held = h.values[h.at + u]!;
          [z, r[u]!, g, a[u]!].forEach((value, part) => (saved![(o * 4 + part) * U + u] = value));
          states![o * U + u] = runs ? z * held + (1 - z) * g : held;
        }
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
    vec4: {
      fits: fitsVec4,
      plan: plan((call, s) => [afterDispatch(call, s, 4)]),
    },
    naive: {
      plan: plan((call, s) => (call.attrs.resetAfter ? [afterDispatch(call, s, 1)] : beforeDispatches(call, s))),
    },
  },
  grad({ dy, x, y, attrs, needs }) {
    const [, kernel, h] = x as [Tensor, Tensor, Tensor];
    if (dy[1]) throw new Error('gru: nothing but its own gradient reads what it saved');
    const mask = attrs.masking === null ? [] : [x[maskAt(attrs)]!];
    const earlier = applyOne(previousStatesOp, [y[0]!, h], attrs);
    const [dx, dh, other] = apply(
      gruGradOp,
      [kernel, y[1]!, earlier, dy[2] ?? full(h.shape, 0), ...(dy[0] ? [dy[0]] : []), ...mask],
      { ...attrs, sequence: dy[0] !== null },
    );
    const dKernel = () =>
      attrs.resetAfter
        ? stepProduct(earlier, other!)
        : besides(stepProduct(earlier, dx!), stepProduct(other!, dx!), kernel.shape[0]!);
    return [
      dx!,
      needs[1] ? dKernel() : null,
      dh!,
      ...(attrs.bias ? [needs[3] ? sum(other!, { axes: [0, 1] }) : null] : []),
      ...mask.map(() => null),
    ];
  },
  cost(call) {
    const { N, T, U, width } = sizesOf(call);
    return { flops: N * T * (2 * U * width + 24 * U), bytes: bytesMoved(call) };
  },
  accuracy: (call) => recurrentAccuracy(sizesOf(call)),
  samples: gruSamples(),
};

/** The first 2U columns of `gates` [U,3U] and the last U of `candidate` [U,3U]. */
function besides(gates: Tensor, candidate: Tensor, U: number): Tensor {
  const columns = (first: number, rest: number) =>
    constantTensor(
      Float32Array.from({ length: 3 * U }, (_, j) => (j < 2 * U ? first : rest)),
      [3 * U],
      'f32',
    );
  return add(mul(gates, columns(1, 0)), mul(candidate, columns(0, 1)));
}

export const gruOps = [gruOp, gruGradOp] as const;
