// Recurrent networks as functions of tensors, in Keras's conventions: the input of all steps is projected by one product,
// then one call takes the steps.

import { checkOptions, OptionError, ShapeError, suggestion } from '../core/errors.ts';
import { format } from '../core/shape.ts';
import { apply, applyOne, type Tensor } from '../graph/tensor.ts';
import { add } from './binary.ts';
import { full } from './full.ts';
import { gruOp } from './gru.ts';
import { lstmOp } from './lstm.ts';
import { matmul } from './matmul.ts';
import { maskStepsOp } from './recurrent.ts';
import { checkMask, expectShape, type Walk } from './recurrent_steps.ts';
import { reshape } from './reshape.ts';
import { rnnOp } from './rnn.ts';
import { rnnActivations, type RnnActivation } from './rnn_grad.ts';
import { slice } from './slice.ts';

export interface RecurrentWeights {
  /** [in, gates·units] */
  readonly kernel: Tensor;
  /** [units, gates·units] */
  readonly recurrentKernel: Tensor;
  /** [gates·units]; [2, 3·units] for a GRU with `resetAfter`: of the input's product and of the recurrent one. */
  readonly bias?: Tensor;
}

export interface RecurrentOptions {
  /** The state before the first step, [N, units] each: h, and c for LSTM. Zeros unless given. */
  readonly initialState?: readonly Tensor[];
  /** i32 [N]: how many steps each example has, from the first of x; the rest is padding. Below 0 is 0, above T is T. */
  readonly lengths?: Tensor;
  /** [N, T], f32, i32 or u32: steps where it is 0 are padding. Instead of `lengths`. */
  readonly mask?: Tensor;
  /** Takes the steps from the last to the first; results come in that order (Keras). false unless given. */
  readonly goBackwards?: boolean;
  /** With `goBackwards`: results stand where their steps of x stand. false unless given. */
  readonly alignOutputs?: boolean;
  /** With `lengths` or `mask`: `sequence` is 0 at padding; otherwise it repeats the step before (Keras). */
  readonly zeroOutputForMask?: boolean;
}

export interface RecurrentResult {
  /** [N, T, units]: the output of every step. */
  readonly sequence: Tensor;
  /** [N, units]: the output of the last step that is not padding; zeros for an example that is all padding. */
  readonly last: Tensor;
  /** [N, units] each, after the last step: h, and c for LSTM. Padding leaves the state as it is. */
  readonly state: readonly Tensor[];
}

const optionNames = ['initialState', 'lengths', 'mask', 'goBackwards', 'alignOutputs', 'zeroOutputForMask'];

/**
 * Elman's network: h = activation(x·kernel + bias + h_before·recurrentKernel), x [N,T,in]. `activation` is 'tanh' unless
 * given (Keras), or 'relu', 'sigmoid', 'linear'. ShapeError: shapes or dtypes that do not fit. OptionError: options.
 */
export function rnn(
  x: Tensor,
  weights: RecurrentWeights,
  options: RecurrentOptions & { readonly activation?: RnnActivation } = {},
): RecurrentResult {
  const { activation = 'tanh', ...rest } = options;
  if (!rnnActivations.includes(activation)) {
    throw new OptionError(
      `rnn: unknown activation '${String(activation)}'${suggestion(String(activation), rnnActivations)}; known: ${rnnActivations.join(', ')}`,
    );
  }
  const { walk, mask, initial } = prepare('rnn', x, weights, rest, 1, 1);
  const projected = project('rnn', x, weights, weights.bias);
  const attrs = { ...walk, activation };
  const [states, h] = apply(rnnOp, [projected, weights.recurrentKernel, initial[0]!, ...mask], attrs);
  return finish(walk, rest, mask, states!, [h!]);
}

/**
 * Long short-term memory, gates in Keras's order i, f, g, o along the last axis of every weight:
 * i, f, o = sigmoid(x·kernel + bias + h_before·recurrentKernel), g = tanh of the same, c = f·c_before + i·g,
 * h = o·tanh(c); x [N,T,in]. ShapeError: shapes or dtypes that do not fit. OptionError: options.
 */
export function lstm(x: Tensor, weights: RecurrentWeights, options: RecurrentOptions = {}): RecurrentResult {
  const { walk, mask, initial } = prepare('lstm', x, weights, options, 4, 2);
  const projected = project('lstm', x, weights, weights.bias);
  const [states, , h, c] = apply(lstmOp, [projected, weights.recurrentKernel, ...initial, ...mask], walk);
  return finish(walk, options, mask, states!, [h!, c!]);
}

/**
 * The gated recurrent unit, gates in Keras's order z, r, g along the last axis of every weight:
 * z, r = sigmoid(x·kernel + bias + h_before·recurrentKernel), h = z·h_before + (1 − z)·g, and with `resetAfter` (true
 * unless given: Keras, cuDNN) g = tanh(x·kernel + bias[0] + r·(h_before·recurrentKernel + bias[1])), else
 * g = tanh(x·kernel + bias + (r·h_before)·recurrentKernel); x [N,T,in]. ShapeError: shapes or dtypes that do not fit.
 * OptionError: options.
 */
export function gru(
  x: Tensor,
  weights: RecurrentWeights,
  options: RecurrentOptions & { readonly resetAfter?: boolean } = {},
): RecurrentResult {
  const { resetAfter = true, ...rest } = options;
  const { walk, mask, initial } = prepare('gru', x, weights, rest, 3, 1);
  const { bias, recurrentKernel } = weights;
  const width = recurrentKernel.shape[1]!;
  let biases: (Tensor | undefined)[] = [bias];
  if (resetAfter && bias) {
    expectShape('gru', 'bias', bias, [2, width]);
    biases = [0, 1].map((row) => reshape(slice(bias, { starts: [row], sizes: [1] }), [width]));
  }
  const projected = project('gru', x, weights, biases[0]);
  const attrs = { ...walk, resetAfter, bias: biases[1] !== undefined };
  const inputs = [projected, recurrentKernel, initial[0]!, ...(biases[1] ? [biases[1]] : []), ...mask];
  const [states, , h] = apply(gruOp, inputs, attrs);
  return finish(walk, rest, mask, states!, [h!]);
}

/** Checks everything but the bias, and gives the order of steps, the mask in a list if any, and the initial states. */
function prepare(
  where: string,
  x: Tensor,
  { kernel, recurrentKernel }: RecurrentWeights,
  options: RecurrentOptions,
  gates: number,
  states: number,
) {
  checkOptions(where, options, optionNames);
  const { initialState, lengths, mask, goBackwards = false, alignOutputs = false, zeroOutputForMask } = options;
  if (lengths && mask) throw new OptionError(`${where}: lengths and mask are both given, expected one of them`);
  if (zeroOutputForMask && !lengths && !mask) {
    throw new OptionError(`${where}: zeroOutputForMask is true without lengths or mask, which it is about`);
  }
  if (alignOutputs && !goBackwards) {
    throw new OptionError(`${where}: alignOutputs is true without goBackwards, which it is about`);
  }
  if (x.shape.length !== 3) throw new ShapeError(`${where}: x is ${format(x.shape)}, expected [N,T,in]`);
  const [N, T, size] = x.shape as [number, number, number];
  const units = recurrentKernel.shape[0] ?? 0;
  expectShape(where, 'recurrentKernel', recurrentKernel, [units, gates * units]);
  expectShape(where, 'kernel', kernel, [size, gates * units]);
  const walk: Walk = {
    backwards: goBackwards,
    aligned: alignOutputs,
    masking: lengths ? 'lengths' : mask ? 'mask' : null,
  };
  const given = lengths ?? mask;
  checkMask(where, walk, given, N, T);
  if (initialState && initialState.length !== states) {
    throw new OptionError(`${where}: initialState has ${initialState.length} tensors, expected ${states}`);
  }
  initialState?.forEach((state, i) => expectShape(where, `initialState[${i}]`, state, [N, units]));
  const zeros = initialState ? null : full([N, units], 0);
  const initial = Array.from({ length: states }, (_, i) => initialState?.[i] ?? zeros!);
  return { walk, mask: given ? [given] : [], initial };
}

/** x·kernel + bias for all steps at once. */
function project(where: string, x: Tensor, { kernel }: RecurrentWeights, bias: Tensor | undefined): Tensor {
  if (!bias) return matmul(x, kernel);
  expectShape(where, 'bias', bias, [kernel.shape[1]!]);
  return add(matmul(x, kernel), bias);
}

/** States as outputs, which differ from them at padding before the first step, or at all padding. */
function finish(
  walk: Walk,
  { initialState, zeroOutputForMask = false }: RecurrentOptions,
  mask: readonly Tensor[],
  states: Tensor,
  state: readonly Tensor[],
): RecurrentResult {
  const [N, steps, U] = states.shape as [number, number, number];
  let sequence = states;
  let last = state[0]!;
  if (mask.length > 0) {
    // Without an initial state, what comes before the first valid step is zero as it is.
    if (zeroOutputForMask || initialState) {
      sequence = applyOne(maskStepsOp, [states, ...mask], { ...walk, steps, seen: !zeroOutputForMask });
    }
    if (initialState) {
      const one = reshape(last, [N, 1, U]);
      last = reshape(applyOne(maskStepsOp, [one, ...mask], { ...walk, aligned: false, steps, seen: true }), [N, U]);
    }
  }
  return { sequence, last, state };
}
