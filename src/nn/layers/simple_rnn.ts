// The layer of Elman's simple recurrent network.

import { OptionError, suggestion } from '../../core/errors.ts';
import { rnn } from '../../ops/recurrent_functions.ts';
import { rnnActivations, type RnnActivation } from '../../ops/rnn_grad.ts';
import type { SymbolicTensor } from '../symbolic.ts';
import {
  recurrentLayer,
  type RecurrentLayer,
  type RecurrentLayerOptions,
  type StatefulRecurrentLayer,
  type WithState,
} from './recurrent.ts';

export interface SimpleRnnOptions extends RecurrentLayerOptions {
  /** 'tanh' unless given (Keras); 'relu', 'sigmoid' or 'linear'. */
  readonly activation?: RnnActivation;
}

/**
 * h = activation(x·kernel + bias + h_before·recurrentKernel) (Elman 1990), from zeros: [N,T,in] -> [N,units], the last
 * h, or [N,T,units] with `returnSequences`. Weights: kernel [in,units], recurrentKernel [units,units], bias [units].
 * Called on [x, mask, h0] as `masked` and `initialState` say; `returnState` gives [output, h].
 * OptionError: unknown or impossible options. ShapeError: examples that are not [T,in].
 */
export function simpleRnn(options: WithState<SimpleRnnOptions>): StatefulRecurrentLayer<[SymbolicTensor]>;
export function simpleRnn(options: SimpleRnnOptions): RecurrentLayer;
export function simpleRnn(options: SimpleRnnOptions | WithState<SimpleRnnOptions>): unknown {
  const { activation = 'tanh' } = options;
  if (!rnnActivations.includes(activation)) {
    throw new OptionError(
      `simpleRnn: unknown activation '${String(activation)}'${suggestion(String(activation), rnnActivations)}; known: ${rnnActivations.join(', ')}`,
    );
  }
  return recurrentLayer('simpleRnn', options, {
    type: 'SimpleRNN',
    kind: 'rnn',
    gates: 1,
    states: ['h'],
    config: { activation },
    bias: (units, initializer) => ({ shape: [units], initializer }),
    run: (x, weights, order) => rnn(x, weights, { ...order, activation }),
  });
}
