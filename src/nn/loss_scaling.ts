// Dynamic loss scaling with PyTorch's rule (torch.amp.GradScaler), kept on the device: no step waits for a read.

import { checkOptions, OptionError } from '../core/errors.ts';
import { variableTensor, type Variable } from '../graph/tensor.ts';
import { findNonFinite, type LossScaleAttrs, updateLossScale } from '../ops/loss_scale.ts';
import { reshape } from '../ops/reshape.ts';
import { NO_BAD_INDEX, type Optimizer } from './optimizer_state.ts';
import type { LossScaler, Precision } from './precision.ts';

export interface LossScaleOptions {
  /** A power of two; 65,536 unless given (PyTorch; Keras 32,768). */
  readonly initialScale?: number;
  /** Steps without a bad gradient after which the scale doubles; 2,000 unless given (PyTorch, Keras). */
  readonly growthInterval?: number;
  /** A power of two that the scale never falls below; 1 unless given (Keras; PyTorch has none). */
  readonly smallestScale?: number;
}

/** What makes a scaler for an optimizer; OptionError: a number out of range. */
export function lossScaling(where: string, options: LossScaleOptions = {}): Precision['scaler'] {
  checkOptions(where, options, ['initialScale', 'growthInterval', 'smallestScale']);
  const { initialScale = 65_536, growthInterval = 2000, smallestScale = 1 } = options;
  checkPower(where, 'smallestScale', smallestScale, 2 ** -14);
  checkPower(where, 'initialScale', initialScale, smallestScale);
  if (!Number.isInteger(growthInterval) || growthInterval < 1 || growthInterval > NO_BAD_INDEX) {
    throw new OptionError(`${where}: growthInterval is ${growthInterval}, expected a whole number of at least 1`);
  }
  return (optimizer, numbers) => {
    const logBetas = logBetasOf(optimizer, numbers);
    return scalerFor({ initialScale, growthInterval, smallest: smallestScale, logBetas });
  };
}

interface ScalerOptions extends Omit<LossScaleAttrs, 'logBetas'> {
  readonly initialScale: number;
  readonly logBetas: () => LossScaleAttrs['logBetas'];
}

function scalerFor({ initialScale, growthInterval, smallest, logBetas }: ScalerOptions): LossScaler {
  const one = (name: string, initial: () => Float32Array | Uint32Array): Variable => {
    const values = initial();
    const dtype = values instanceof Float32Array ? 'f32' : 'u32';
    return { name: `lossScale/${name}`, shape: [values.length], dtype, initial };
  };
  const scale = one('scale', () => Float32Array.of(initialScale));
  const counts = one('counts', () => new Uint32Array(3));
  const found = one('found', () => Uint32Array.of(NO_BAD_INDEX));
  return {
    variables: [scale, counts, found],
    seed: (shape) => reshape(variableTensor(scale), shape),
    guard(gradients, scalars, firstBad, group) {
      const state = {
        scale: variableTensor(scale),
        counts: variableTensor(counts),
        found: findNonFinite(gradients, variableTensor(found), group),
        firstBad,
        scalars,
        place: group,
      };
      const after = updateLossScale(state, {
        growthInterval,
        smallest,
        get logBetas() {
          return logBetas();
        },
      });
      return { ...after, effects: [after.scale, after.counts] };
    },
    read: ([scales, numbers, first]) => ({
      scale: scales![0]!,
      goodSteps: numbers![0]!,
      skippedSteps: numbers![1]!,
      appliedSteps: numbers![2]!,
      ...(first![0] === NO_BAD_INDEX ? {} : { badGradient: first![0]! }),
    }),
    write: ({ scale: value, goodSteps, skippedSteps, appliedSteps, badGradient = NO_BAD_INDEX }) => [
      Float32Array.of(value),
      Uint32Array.of(goodSteps, skippedSteps, appliedSteps),
      Uint32Array.of(badGradient),
    ],
  };
}

/**
 * The corrections of decaying means are 1 / (1 − βᵗ), where t counts the steps applied, which only the device knows: so
 * it computes them, from the logarithms. Other optimizers' scalars must not depend on the step.
 */
function logBetasOf(
  { name, betas, scalars }: Optimizer,
  numbers: Readonly<Record<string, number>>,
): () => LossScaleAttrs['logBetas'] {
  if (betas) {
    const logOf = (beta: number) => (beta === 0 ? 0 : Math.log(beta));
    return () => [logOf(numbers[betas[0]]!), logOf(numbers[betas[1]]!)];
  }
  const [early, late] = [scalars(0, 1), scalars(1000, 1)];
  if (early[1] === late[1] && early[2] === late[2]) return () => [0, 0];
  throw new OptionError(
    `mixed precision: the scalars of optimizer '${name}' depend on the step, and it gives no betas to compute them from where steps are skipped`,
  );
}

function checkPower(where: string, name: string, value: number, least: number): void {
  if (value >= least && value <= 2 ** 100 && Number.isInteger(Math.log2(value))) return;
  throw new OptionError(`${where}: ${name} is ${value}, expected a power of two from ${least} to 2^100`);
}
