// The layer of the gated recurrent unit.

import { gru as over } from '../../ops/recurrent_functions.ts';
import type { SymbolicTensor } from '../symbolic.ts';
import {
  recurrentLayer,
  type RecurrentLayer,
  type RecurrentLayerOptions,
  type StatefulRecurrentLayer,
  type WithState,
} from './recurrent.ts';

export interface GruOptions extends RecurrentLayerOptions {
  /** The reset gate multiplies the recurrent product, not the state before it; true unless given (Keras, cuDNN). */
  readonly resetAfter?: boolean;
}

/**
 * z, r = sigmoid(x·kernel + bias + h_before·recurrentKernel), h = z·h_before + (1 − z)·g (Cho et al. 2014), from zeros:
 * [N,T,in] -> [N,units], the last h, or [N,T,units] with `returnSequences`. With `resetAfter` g = tanh(x·kernel + bias[0] +
 * r·(h_before·recurrentKernel + bias[1])), else g = tanh(x·kernel + bias + (r·h_before)·recurrentKernel). Weights, their
 * gates in Keras's order z, r, g: kernel [in,3·units], recurrentKernel [units,3·units], bias [2,3·units] with
 * `resetAfter`, else [3·units]. Called on [x, mask, h0] as `masked` and `initialState` say; `returnState` gives
 * [output, h]. OptionError: unknown or impossible options. ShapeError: examples that are not [T,in].
 */
export function gru(options: WithState<GruOptions>): StatefulRecurrentLayer<[SymbolicTensor]>;
export function gru(options: GruOptions): RecurrentLayer;
export function gru(options: GruOptions | WithState<GruOptions>): unknown {
  const { resetAfter = true } = options;
  return recurrentLayer('gru', options, {
    type: 'GRU',
    kind: 'gru',
    gates: 3,
    states: ['h'],
    config: { resetAfter },
    bias: (units, initializer) => ({ shape: resetAfter ? [2, 3 * units] : [3 * units], initializer }),
    run: (x, weights, order) => over(x, weights, { ...order, resetAfter }),
  });
}
