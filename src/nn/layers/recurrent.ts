// What recurrent layers share: their options, weights and shapes.

import { checkOptions, ShapeError } from '../../core/errors.ts';
import { format } from '../../core/shape.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { RecurrentOptions, RecurrentResult, RecurrentWeights } from '../../ops/recurrent_functions.ts';
import { resolveInitializer, type Initializer } from '../initializers.ts';
import {
  checkCount,
  commonFields,
  layerOptions,
  type Json,
  type Layer,
  type LayerOptions,
  type LayerRecord,
} from '../layer.ts';
import type { ParameterSpec } from '../parameters.ts';
import { callable } from '../symbolic.ts';

export interface RecurrentLayerOptions extends LayerOptions {
  /** The length of the state. */
  readonly units: number;
  /** The output of every step, not of the last alone; false unless given. */
  readonly returnSequences?: boolean;
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

/** A layer that `bidirectional` can run both ways. */
export interface RecurrentLayer extends Layer {
  run(
    x: Tensor,
    weights: (name: string) => Tensor,
    options: Pick<RecurrentOptions, 'goBackwards' | 'alignOutputs'>,
  ): RecurrentResult;
}

const own = [
  'units',
  'returnSequences',
  'goBackwards',
  'useBias',
  'kernelInitializer',
  'recurrentInitializer',
  'biasInitializer',
];

/** What one kind of cell adds to the layer that all share. */
interface Cell {
  readonly type: string;
  readonly kind: string;
  readonly gates: number;
  /** Its own options as they are saved; their names are the known ones. */
  readonly config: Readonly<Record<string, Json>>;
  /** Shape and initial values of the bias. */
  bias(units: number, initializer: Initializer): ParameterSpec;
  run(x: Tensor, weights: RecurrentWeights, options: RecurrentOptions): RecurrentResult;
}

/** The layer `where` around a cell. */
export function recurrentLayer(where: string, options: RecurrentLayerOptions, cell: Cell): RecurrentLayer {
  checkOptions(where, options, [...layerOptions, ...own, ...Object.keys(cell.config)]);
  const { units, returnSequences = false, goBackwards = false, useBias = true } = options;
  checkCount(where, 'units', units);
  const kernel = resolveInitializer(where, options.kernelInitializer ?? 'glorotUniform');
  const recurrent = resolveInitializer(where, options.recurrentInitializer ?? 'orthogonal');
  const bias = resolveInitializer(where, options.biasInitializer ?? 'zeros');
  const width = cell.gates * units;
  const run: RecurrentLayer['run'] = (x, weights, order) =>
    cell.run(
      x,
      {
        kernel: weights('kernel'),
        recurrentKernel: weights('recurrentKernel'),
        ...(useBias ? { bias: weights('bias') } : {}),
      },
      order,
    );
  const record: LayerRecord & Pick<RecurrentLayer, 'run'> = {
    type: cell.type,
    kind: cell.kind,
    config: { units, returnSequences, goBackwards, useBias, ...cell.config },
    ...commonFields(where, options),
    build(inputShape, at) {
      if (inputShape.length !== 2) throw new ShapeError(`${at}: expected sequences [T,in], got ${format(inputShape)}`);
      const [T, size] = inputShape as [number, number];
      return {
        outputShape: returnSequences ? [T, units] : [units],
        weights: {
          kernel: { shape: [size, width], initializer: kernel },
          recurrentKernel: { shape: [units, width], initializer: recurrent },
          ...(useBias ? { bias: cell.bias(units, bias) } : {}),
        },
        flopsPerSample: 2 * T * (size + units) * width,
      };
    },
    run,
    apply(x, weights) {
      const { sequence, last } = run(x, weights, { goBackwards });
      return returnSequences ? sequence : last;
    },
  };
  return callable(record) as RecurrentLayer;
}
