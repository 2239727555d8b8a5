// The wrapper that runs a recurrent layer over sequences both ways.

import { checkOptions, OptionError, suggestion } from '../../core/errors.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { add, mul } from '../../ops/binary.ts';
import { concat } from '../../ops/concat.ts';
import { flip } from '../../ops/slice.ts';
import {
  commonFields,
  layerOptions,
  type Json,
  type Layer,
  type LayerOptions,
  type LayerRecord,
  type MultiOutputLayer,
} from '../layer.ts';
import { holdingWeights, weightOptions, type HeldOptions } from '../regularizers.ts';
import type { ParameterSpec } from '../parameters.ts';
import { callable, type SymbolicTensor } from '../symbolic.ts';
import type { RecurrentLayer, StatefulRecurrentLayer } from './recurrent.ts';
import { checkUse, recurrentMasking, severalInputs, stateShapes, takeInputs } from './recurrent_inputs.ts';

export type MergeMode = 'concat' | 'sum' | 'mul' | 'ave';

export interface BidirectionalOptions extends LayerOptions, HeldOptions {
  /** What runs: `simpleRnn`, `lstm` or `gru`; its options count for both directions. */
  readonly layer: Layer;
  /** How the two outputs become one: 'concat' unless given (Keras), or 'sum', 'mul', 'ave' (the mean). */
  readonly mergeMode?: MergeMode;
}

const merges: Readonly<Record<MergeMode, (a: Tensor, b: Tensor) => Tensor>> = {
  concat: (a, b) => concat([a, b], -1),
  sum: (a, b) => add(a, b),
  mul: (a, b) => mul(a, b),
  ave: (a, b) => mul(add(a, b), 0.5),
};

/**
 * A recurrent layer with weights of its own for each direction (Schuster and Paliwal 1997); outputs of one step are
 * merged: [N,T,in] -> [N,2·units] or [N,T,2·units] with 'concat', else as the layer alone. Weights: those of the layer as
 * forward/… and backward/….
 *
 * Padding (the layer's `masked`, or an embedding's `maskZero`) is passed over in both directions: the backward one begins with an example's last step
 * that is there, as if each example were run alone at its own length. As in Keras, an output at padding repeats what
 * its direction gave before it, which is zeros where that direction has not begun; `zeroOutputForMask` makes all of it
 * zeros, as PyTorch's packed sequences are. States, taken and given, are those of forward and then of backward (Keras).
 * OptionError: unknown options, or a layer that is not recurrent.
 */
export function bidirectional<States extends readonly SymbolicTensor[]>(
  options: Omit<BidirectionalOptions, 'layer'> & { readonly layer: StatefulRecurrentLayer<States> },
): MultiOutputLayer<readonly [SymbolicTensor, ...States, ...States]>;
export function bidirectional(options: BidirectionalOptions): Layer;
export function bidirectional(options: Omit<BidirectionalOptions, 'layer'> & { readonly layer: LayerRecord }): unknown {
  checkOptions('bidirectional', options, [...layerOptions, 'layer', 'mergeMode', ...weightOptions()]);
  const { mergeMode = 'concat' } = options;
  const known = Object.keys(merges);
  if (!Object.hasOwn(merges, mergeMode)) {
    throw new OptionError(
      `bidirectional: unknown mergeMode '${String(mergeMode)}'${suggestion(String(mergeMode), known)}; known: ${known.join(', ')}`,
    );
  }
  const layer = options.layer as RecurrentLayer;
  if (typeof layer?.run !== 'function') {
    throw new OptionError(
      `bidirectional: layer is ${layer?.type ?? typeof layer}, expected what simpleRnn(), lstm() or gru() gives`,
    );
  }
  if (layer.activityRegularizer) {
    throw new OptionError(
      `bidirectional: layer has an activityRegularizer, expected it among bidirectional's own options: of the merged outputs`,
    );
  }
  const { returnSequences, goBackwards } = layer.config as { returnSequences: boolean; goBackwards: boolean };
  const inputShape = options.inputShape ?? layer.inputShape;
  const { use } = layer;
  const merge = merges[mergeMode];
  const outputs: NonNullable<LayerRecord['outputs']> = (x, weights, { masks, giveMask }, others = []) => {
    const mask = masks[0] ?? null;
    if (mask && goBackwards) giveMask(flip(mask, 1));
    const [forth, back] = takeInputs(use, others, 2, mask);
    const forward = layer.run(x, (name) => weights(`forward/${name}`), { goBackwards, ...forth });
    // Both sequences in the order in which the layer itself would give them.
    const backward = layer.run(x, (name) => weights(`backward/${name}`), {
      goBackwards: !goBackwards,
      alignOutputs: !goBackwards,
      ...back,
    });
    const turned = goBackwards && returnSequences ? flip(backward.sequence, 1) : backward.sequence;
    return [
      returnSequences ? merge(forward.sequence, turned) : merge(forward.last, backward.last),
      ...(use.returnState ? [...forward.state, ...backward.state] : []),
    ];
  };
  const record: LayerRecord = {
    type: 'Bidirectional',
    kind: 'bidirectional',
    config: { layer: { type: layer.type, config: layer.config as Json }, mergeMode },
    ...commonFields('bidirectional', { ...options, inputShape }),
    several: severalInputs(use),
    masking: recurrentMasking(use, returnSequences),
    build(shape, where, others = []) {
      checkUse(where, use, shape, others, ['forward ', 'backward ']);
      // The layer itself takes one direction's states.
      const alone = use.initialState ? others.slice(0, others.length - use.states.length) : others;
      const built = layer.build(shape, where, alone);
      const weights: Record<string, ParameterSpec> = {};
      for (const direction of ['forward', 'backward']) {
        for (const [name, spec] of Object.entries(built.weights)) weights[`${direction}/${name}`] = spec;
      }
      const units = built.outputShape.at(-1)!;
      return {
        outputShape: [...built.outputShape.slice(0, -1), mergeMode === 'concat' ? 2 * units : units],
        furtherShapes: stateShapes(use, 2),
        weights,
        flopsPerSample: 2 * built.flopsPerSample,
      };
    },
    apply: (...given) => outputs(...given)[0]!,
    ...(use.returnState ? { outputs } : {}),
  };
  return callable(holdingWeights('bidirectional', options, record, []));
}
