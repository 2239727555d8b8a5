// The layer of long short-term memory.

import { lstm as over } from '../../ops/recurrent_functions.ts';
import type { Initializer } from '../initializers.ts';
import type { SymbolicTensor } from '../symbolic.ts';
import {
  recurrentLayer,
  type RecurrentLayer,
  type RecurrentLayerOptions,
  type StatefulRecurrentLayer,
  type WithState,
} from './recurrent.ts';

export interface LstmOptions extends RecurrentLayerOptions {
  /** The bias of the forget gate begins at 1 (Jozefowicz et al. 2015); true unless given (Keras). */
  readonly unitForgetBias?: boolean;
}

/**
 * i, f, o = sigmoid(x·kernel + bias + h_before·recurrentKernel), g = tanh of the same, c = f·c_before + i·g, h = o·tanh(c)
 * (Hochreiter and Schmidhuber 1997), from zeros: [N,T,in] -> [N,units], the last h, or [N,T,units] with
 * `returnSequences`. Weights, their gates in Keras's order i, f, g, o: kernel [in,4·units], recurrentKernel
 * [units,4·units], bias [4·units]. Called on [x, mask, h0, c0] as `masked` and `initialState` say; `returnState` gives
 * [output, h, c]. OptionError: unknown or impossible options. ShapeError: examples that are not [T,in].
 */
export function lstm(options: WithState<LstmOptions>): StatefulRecurrentLayer<[SymbolicTensor, SymbolicTensor]>;
export function lstm(options: LstmOptions): RecurrentLayer;
export function lstm(options: LstmOptions | WithState<LstmOptions>): unknown {
  const { unitForgetBias = true } = options;
  return recurrentLayer('lstm', options, {
    type: 'LSTM',
    kind: 'lstm',
    gates: 4,
    states: ['h', 'c'],
    config: { unitForgetBias },
    bias: (units, initializer) => ({
      shape: [4 * units],
      initializer: unitForgetBias ? withOnes(initializer, units) : initializer,
    }),
    run: over,
  });
}

/** The values of `initializer`, but ones for the forget gate. */
function withOnes(initializer: Initializer, units: number): Initializer {
  return {
    name: `${initializer.name}, forget gate 1`,
    values: (shape, seed, stream) => initializer.values(shape, seed, stream).fill(1, units, 2 * units),
  };
}
