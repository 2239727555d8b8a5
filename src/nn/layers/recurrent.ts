// What recurrent layers share: their options, weights and shapes.

import { checkOptions } from '../../core/errors.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { RecurrentOptions, RecurrentResult, RecurrentWeights } from '../../ops/recurrent_functions.ts';
import { flip } from '../../ops/slice.ts';
import { resolveInitializer, type Initializer } from '../initializers.ts';
import {
  checkCount,
  commonFields,
  layerOptions,
  type Json,
  type Layer,
  type LayerOptions,
  type LayerRecord,
  type MultiOutputLayer,
} from '../layer.ts';
import type { ParameterSpec } from '../parameters.ts';
import { holdingWeights, weightOptions, type WeightOptions } from '../regularizers.ts';
import { callable, type SymbolicTensor } from '../symbolic.ts';
import {
  checkUse,
  recurrentMasking,
  recurrentUse,
  recurrentUseOptions,
  severalInputs,
  stateShapes,
  takeInputs,
  useConfig,
  type RecurrentUse,
  type RecurrentUseOptions,
} from './recurrent_inputs.ts';

export interface RecurrentLayerOptions
  extends LayerOptions, WeightOptions<(typeof roles)[number]>, RecurrentUseOptions {
  /** The length of the state. */
  readonly units: number;
  /** The output of every step, not of the last alone; false unless given. */
  readonly returnSequences?: boolean;
  /** true: a call gives [output, h], or [output, h, c] for LSTM, the state after the last step; false unless given. */
  readonly returnState?: false;
  /** Takes the steps from the last to the first, and gives them in that order (Keras); false unless given. */
  readonly goBackwards?: boolean;
  /** true unless given. */
  readonly useBias?: boolean;
  /** 'glorotUniform' unless given (Keras). */
  readonly kernelInitializer?: Initializer | string;
  /** 'orthogonal' unless given (Keras). */
  readonly recurrentInitializer?: Initializer | string;
  /** 'zeros' unless given (Keras). */
  readonly biasInitializer?: Initializer | string;
}

/** Options of a layer that gives its state. */
export type WithState<Options extends RecurrentLayerOptions> = Omit<Options, 'returnState'> & {
  readonly returnState: true;
};

/** What `bidirectional` can run both ways. */
export interface Runs {
  readonly use: RecurrentUse;
  run(x: Tensor, weights: (name: string) => Tensor, options: RecurrentOptions): RecurrentResult;
}

export interface RecurrentLayer extends Layer, Runs {}

/** A recurrent layer with `returnState`: a call gives the output and then the state. */
export interface StatefulRecurrentLayer<States extends readonly SymbolicTensor[]>
  extends MultiOutputLayer<readonly [SymbolicTensor, ...States]>, Runs {}

const roles = ['kernel', 'recurrent', 'bias'] as const;

const own = [
  ...weightOptions(...roles),
  'units',
  'returnSequences',
  'goBackwards',
  'useBias',
  'kernelInitializer',
  'recurrentInitializer',
  'biasInitializer',
];

/** What one kind of cell adds to the layer that all share. */
export interface Cell {
  readonly type: string;
  readonly kind: string;
  readonly gates: number;
  /** Of what its state consists. */
  readonly states: readonly string[];
  /** Its own options as they are saved; their names are the known ones. */
  readonly config: Readonly<Record<string, Json>>;
  /** Shape and initial values of the bias. */
  bias(units: number, initializer: Initializer): ParameterSpec;
  run(x: Tensor, weights: RecurrentWeights, options: RecurrentOptions): RecurrentResult;
}

/** The layer `where` around a cell. */
export function recurrentLayer(
  where: string,
  options: RecurrentLayerOptions | WithState<RecurrentLayerOptions>,
  cell: Cell,
): RecurrentLayer {
  checkOptions(where, options, [...layerOptions, ...own, ...recurrentUseOptions, ...Object.keys(cell.config)]);
  const { units, returnSequences = false, goBackwards = false, useBias = true } = options;
  checkCount(where, 'units', units);
  const use = recurrentUse(where, options, cell.states);
  const kernel = resolveInitializer(where, options.kernelInitializer ?? 'glorotUniform');
  const recurrent = resolveInitializer(where, options.recurrentInitializer ?? 'orthogonal');
  const bias = resolveInitializer(where, options.biasInitializer ?? 'zeros');
  const width = cell.gates * units;
  const run: Runs['run'] = (x, weights, order) =>
    cell.run(
      x,
      {
        kernel: weights('kernel'),
        recurrentKernel: weights('recurrentKernel'),
        ...(useBias ? { bias: weights('bias') } : {}),
      },
      order,
    );
  const outputs: NonNullable<LayerRecord['outputs']> = (x, weights, { masks, giveMask }, others = []) => {
    const mask = masks[0] ?? null;
    if (mask && goBackwards) giveMask(flip(mask, 1));
    const { sequence, last, state } = run(x, weights, { goBackwards, ...takeInputs(use, others, 1, mask)[0] });
    return [returnSequences ? sequence : last, ...(use.returnState ? state : [])];
  };
  const record: LayerRecord & Runs = {
    type: cell.type,
    kind: cell.kind,
    config: { units, returnSequences, goBackwards, useBias, ...cell.config, ...useConfig(use) },
    several: severalInputs(use),
    masking: recurrentMasking(use, returnSequences),
    ...commonFields(where, options),
    build(inputShape, at, others = []) {
      checkUse(at, use, inputShape, others);
      const [T, size] = inputShape as [number, number];
      return {
        outputShape: returnSequences ? [T, units] : [units],
        furtherShapes: stateShapes(use, 1),
        weights: {
          kernel: { shape: [size, width], initializer: kernel },
          recurrentKernel: { shape: [units, width], initializer: recurrent },
          ...(useBias ? { bias: cell.bias(units, bias) } : {}),
        },
        flopsPerSample: 2 * T * (size + units) * width,
      };
    },
    use,
    run,
    apply: (...given) => outputs(...given)[0]!,
    ...(use.returnState ? { outputs } : {}),
  };
  return callable(holdingWeights(where, options, record, roles)) as RecurrentLayer;
}
