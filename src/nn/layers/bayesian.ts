// Layers whose weights are distributions: each weight is drawn anew in every step from a normal distribution of its own,
// whose mean and deviation are what is trained (Blundell et al. 2015, "Weight uncertainty in neural networks").

import { OptionError } from '../../core/errors.ts';
import { sizeOf } from '../../core/shape.ts';
import { operandOf } from '../../graph/live.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { add, mul, sub } from '../../ops/binary.ts';
import { randomNormal } from '../../ops/random.ts';
import { sum } from '../../ops/reduce.ts';
import { log, softplus, square } from '../../ops/unary.ts';
import type { Initializer } from '../initializers.ts';
import { commonFields, streamStep, type Layer, type LayerContext, type LayerRecord } from '../layer.ts';
import type { ParameterSpec } from '../parameters.ts';
import { callable } from '../symbolic.ts';
import { conv2d, type Conv2dLayerOptions } from './conv.ts';
import { dense, type DenseOptions } from './dense.ts';
import { drawingField, draws, type DrawingOption } from './dropout.ts';

export interface BayesianOptions extends DrawingOption {
  /** The standard deviation of the normal prior with mean 0; 1 unless given. */
  readonly priorSigma?: number;
  /** What σ begins as; 0.05 unless given (TensorFlow Probability begins at softplus(−3) = 0.049). */
  readonly initialSigma?: number;
  /**
   * What the Kullback-Leibler divergence counts in the loss; 1 / the number of training examples unless given, which
   * makes the loss the negative evidence lower bound per example (Graves 2011; Blundell et al. 2015, section 3.4).
   */
  readonly klWeight?: number;
}

const own = ['priorSigma', 'initialSigma', 'klWeight', 'training'];

/**
 * KL(N(mean, sigma) ‖ N(0, priorSigma)), summed over all weights:
 * Σ log(priorSigma / sigma) + (sigma² + mean²) / (2·priorSigma²) − ½.
 */
export function normalDivergence(mean: Tensor, sigma: Tensor, priorSigma: number): Tensor {
  const quadratic = mul(add(square(sigma), square(mean)), 1 / (2 * priorSigma ** 2));
  const constant = sizeOf(mean.shape) * (Math.log(priorSigma) - 0.5);
  return add(sum(sub(quadratic, log(sigma))), constant);
}

/** `layer` with every weight w replaced by wMean and wRho: w = wMean + softplus(wRho)·n, n standard normal. */
function bayesian(where: string, type: string, kind: string, layer: LayerRecord, options: BayesianOptions): Layer {
  const { priorSigma = 1, initialSigma = 0.05, klWeight } = options;
  checkPositive(where, 'priorSigma', priorSigma);
  checkPositive(where, 'initialSigma', initialSigma);
  if (klWeight !== undefined && !(klWeight >= 0 && Number.isFinite(klWeight))) {
    throw new OptionError(`${where}: klWeight is ${klWeight}, expected a number of at least 0`);
  }
  const initialRho = Math.log(Math.expm1(initialSigma));
  const rho: Initializer = { name: 'rho', values: (shape) => new Float32Array(sizeOf(shape)).fill(initialRho) };

  /** Once a step: the divergence belongs to the weights, however often they are used. */
  function addDivergence(mean: Tensor, sigma: Tensor, context: LayerContext): void {
    if (!context.training || !context.first || klWeight === 0) return;
    if (klWeight === undefined && context.examples === null) {
      throw new OptionError(`${where}: klWeight is 1 / the number of examples, which is not known here; give klWeight`);
    }
    const weight = klWeight === undefined ? 1 / context.examples! : operandOf(context.number('klWeight', klWeight));
    context.addLoss('kl', mul(normalDivergence(mean, sigma, priorSigma), weight));
  }

  return callable({
    ...layer,
    type,
    kind,
    ...(klWeight ? { numbers: { klWeight: { value: klWeight, least: 0 } } } : {}),
    config: {
      ...layer.config,
      priorSigma,
      initialSigma,
      ...(klWeight === undefined ? {} : { klWeight }),
      ...drawingField(where, options),
    },
    build(inputShape, at) {
      const built = layer.build(inputShape, at);
      const weights: Record<string, ParameterSpec> = {};
      for (const [name, spec] of Object.entries(built.weights)) {
        const { shape, trainable } = spec;
        weights[`${name}Mean`] = spec;
        weights[`${name}Rho`] = { shape, initializer: rho, ...(trainable === false ? { trainable } : {}) };
      }
      return { ...built, weights };
    },
    apply(x, weights, context) {
      let stream = context.stream;
      const drawn = new Map<string, Tensor>();
      const draw = (name: string): Tensor => {
        const mean = weights(`${name}Mean`);
        if (!context.training && !draws(options, context)) return mean;
        const sigma = softplus(weights(`${name}Rho`));
        addDivergence(mean, sigma, context);
        const noise = randomNormal(mean.shape, context.random, { stream });
        stream += streamStep;
        return add(mean, mul(sigma, noise));
      };
      return layer.apply(
        x,
        (name) => {
          if (!drawn.has(name)) drawn.set(name, draw(name));
          return drawn.get(name)!;
        },
        context,
      );
    },
  });
}

function checkPositive(where: string, name: string, value: number): void {
  if (value > 0 && Number.isFinite(value)) return;
  throw new OptionError(`${where}: ${name} is ${value}, expected a number above 0`);
}

/** The options of the layer within, and those of this one checked. */
function inner<O extends object>(where: string, options: O, layer: (given: O) => Layer): LayerRecord {
  const rest = Object.fromEntries(Object.entries(options).filter(([name]) => !own.includes(name))) as O;
  try {
    const { type, kind, config, build, apply, activation, activityRegularizer, masking } = layer(rest);
    return {
      type,
      kind,
      config,
      build,
      apply,
      ...(activation === undefined ? {} : { activation }),
      ...(activityRegularizer ? { activityRegularizer } : {}),
      ...(masking ? { masking } : {}),
      ...commonFields(where, options),
    };
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const more = error.message.includes(': unknown option ') ? `, ${own.join(', ')}` : '';
    throw new OptionError(error.message.replace(/^\w+:/, `${where}:`) + more);
  }
}

/**
 * `dense` with kernel and bias drawn from N(mean, σ), σ = softplus(rho): kernelMean, kernelRho [in, units], biasMean,
 * biasRho [units]. One draw serves a whole batch (the reparameterization of Kingma and Welling 2014); the divergence from
 * the prior is added to the training loss and logged, weighted, as `kl`; regularizers and constraints are of the means. Predictions use the means unless `training`, here
 * or in `predict`, asks for draws, which are then anew for each batch; evaluation measures the data's loss alone.
 * OptionError: as `dense`, or a number out of range.
 */
export function bayesianDense(options: DenseOptions & BayesianOptions): Layer {
  const layer = inner('bayesianDense', options, dense);
  return bayesian('bayesianDense', 'BayesianDense', 'bayesian', layer, options);
}

/** `conv2d` with drawn kernel and bias, as `bayesianDense`: kernelMean, kernelRho [KH, KW, C, filters], biasMean, biasRho. */
export function bayesianConv2d(options: Conv2dLayerOptions & BayesianOptions): Layer {
  const layer = inner('bayesianConv2d', options, conv2d);
  return bayesian('bayesianConv2d', 'BayesianConv2d', 'bayesian', layer, options);
}
