// A model as one layer of another: towers that are called twice, backbones under a new head.

import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { equal, format } from '../core/shape.ts';
import { labelled } from '../graph/tensor.ts';
import { applyLayer, checkName, type Given, type Layer, layerNumbers } from '../nn/layer.ts';
import { maskedAfter } from '../nn/masking.ts';
import { holdingWeights } from '../nn/regularizers.ts';
import { callable } from '../nn/symbolic.ts';
import type { NumberSpec } from '../nn/numbers.ts';
import type { ParameterSpec } from '../nn/parameters.ts';
import type { HostTensor } from './core.ts';
import type { Model } from './model.ts';
import { topologyOf } from './topology.ts';

export interface AsLayerOptions {
  /** The model's own name unless given, or `model_<n>` where that is 'model' or no name for a layer. */
  readonly name?: string;
  /** What the weights begin with, as `await inner.getWeights()` gives them; as any new layer's unless given. */
  readonly weights?: ReadonlyMap<string, HostTensor>;
  /** true unless given. false: they stay as they are, and batch normalization inside uses what it has. */
  readonly trainable?: boolean;
}

/**
 * The layer that does what `inner` does: several calls of it share one set of weights, called `<layer>/<inner
 * layer>/kernel`. They are the outer model's own, so training it leaves `inner` as it is. Several inputs are given in
 * the model's order. OptionError: a model of several outputs, or weights that are not all there. StateError: a model
 * without an input shape.
 */
export function asLayer(inner: Model<unknown>, options: AsLayerOptions = {}): Layer {
  checkOptions('asLayer', options, ['name', 'weights', 'trainable']);
  const { weights: given } = options;
  const { inputs, outputs, layers } = inner;
  if (outputs.length !== 1) {
    throw new OptionError(`asLayer: '${inner.name}' has ${outputs.length} outputs, expected one`);
  }
  checkName('asLayer', options.name);
  const own = inner.name !== 'model' && /^\w[\w.-]*$/.test(inner.name) ? inner.name : undefined;
  const name = options.name ?? own;
  const { at, shape: outputShape } = outputs[0]!;
  const { activation } = layers[at - inputs.length]!.layer;

  const specsOf = (kind: 'weights' | 'state') =>
    layers.flatMap(({ name: place, owner, [kind]: specs = {} }) =>
      place === owner
        ? Object.entries(specs).map(
            ([weight, spec]) => [`${owner}/${weight}`, started(`${owner}/${weight}`, spec)] as const,
          )
        : [],
    );
  const started = (weight: string, spec: ParameterSpec): ParameterSpec => {
    const { shape } = spec;
    if (!given) return spec;
    const values = given.get(weight);
    if (values && equal(values.shape, shape))
      return { ...spec, initializer: { name: 'given', values: () => values.data } };
    throw new OptionError(
      `asLayer: weights has ${values ? `'${weight}' of ${format(values.shape)}` : `no '${weight}'`}, expected ${format(shape)}`,
    );
  };
  const numbers: Record<string, NumberSpec> = Object.assign({}, ...layers.map(layerNumbers));
  const weights = Object.fromEntries(specsOf('weights'));
  const state = Object.fromEntries(specsOf('state'));

  return callable(
    holdingWeights('asLayer', options.trainable === undefined ? {} : { trainable: options.trainable }, {
      type: 'Model',
      kind: 'model',
      config: { model: topologyOf(inner) },
      numbers,
      ...(name === undefined ? {} : { name }),
      ...(inputs.length === 1 ? { inputShape: inputs[0]!.shape } : { several: true as const }),
      ...(activation ? { activation } : {}),
      build(inputShape, where, others = []) {
        const shapes = [inputShape, ...others];
        if (shapes.length !== inputs.length || !shapes.every((shape, i) => equal(shape, inputs[i]!.shape))) {
          throw new ShapeError(
            `${where}: is called on ${shapes.map(format).join(', ')}, expected ${inputs.map(({ shape }) => format(shape)).join(', ')}`,
          );
        }
        const flopsPerSample = layers.reduce((sum, layer) => sum + layer.flopsPerSample, 0);
        return { outputShape, weights, state, flopsPerSample };
      },
      masking(masked, where) {
        const all = inputs.map((_, i) => masked[i] ?? false);
        for (const { layer, from, name: place } of layers) {
          const own = from.map((one) => all[one]!);
          all.push(maskedAfter(layer, own, `${where}: ${place} (${layer.type})`));
        }
        return all[at]!;
      },
      apply(x, weightOf, context, others = []) {
        const values = [x, ...others].map((value, i): Given => ({
          outputs: [value],
          mask: context.masks[i] ?? null,
        }));
        layers.forEach((built, i) => {
          const { name: place, owner } = built;
          const inside = {
            ...context,
            first: context.first && place === owner,
            // Mixed, not added: layers of any depth then draw from streams that have nothing to do with each other.
            stream: Math.imul(context.stream ^ Math.imul(i + 1, 0x9e3779b1), 0x85ebca6b) >>> 0,
            state: (key: string) => context.state(`${owner}/${key}`),
            number: (key: string, fixed: number) => context.number(`${owner}/${key}`, fixed),
            update: (key: string, value: typeof x) => context.update(`${owner}/${key}`, value),
          };
          const { outputs: own, mask } = applyLayer(built, values, (key) => weightOf(`${owner}/${key}`), inside);
          const [first, ...further] = own;
          values.push({ outputs: [labelled(first!, place), ...further], mask });
        });
        const { outputs: made, mask } = values[at]!;
        if (mask) context.giveMask(mask);
        return made[0]!;
      },
    }),
  );
}
