// Training with ConvNetJS: an example at a time, in plain JavaScript. Its trainers have no Adam, so Adam's loop over the
// parameters and gradients that it hands out stands here, written as its own trainers are.

import convnetjs from 'convnetjs';

import { adam, batchOf, firstWeights, learningRate, networks, sizeOf, type NetworkName } from '../../core/networks.ts';
import type { Training } from '../engine.ts';

interface Vol {
  readonly w: Float64Array;
}

interface Layer {
  readonly layer_type: string;
  readonly filters?: readonly Vol[];
  readonly biases?: Vol;
}

interface Net {
  readonly layers: readonly Layer[];
  makeLayers(definitions: readonly object[]): void;
  forward(x: Vol, training: boolean): Vol;
  backward(y: number | readonly number[]): number;
  getParamsAndGrads(): readonly { params: Float64Array; grads: Float64Array }[];
}

const definitions: Record<NetworkName, readonly object[]> = {
  cnn: [
    { type: 'input', out_sx: 28, out_sy: 28, out_depth: 1 },
    { type: 'conv', sx: 3, filters: 16, stride: 1, pad: 0, activation: 'relu' },
    { type: 'conv', sx: 3, filters: 32, stride: 1, pad: 0, activation: 'relu' },
    { type: 'pool', sx: 2, stride: 2 },
    { type: 'softmax', num_classes: 10 },
  ],
  mlp: [
    { type: 'input', out_sx: 1, out_sy: 1, out_depth: 784 },
    { type: 'fc', num_neurons: 128, activation: 'relu' },
    { type: 'softmax', num_classes: 10 },
  ],
  tiny: [
    { type: 'input', out_sx: 1, out_sy: 1, out_depth: 2 },
    { type: 'fc', num_neurons: 16, activation: 'relu' },
    { type: 'regression', num_neurons: 1 },
  ],
};

export async function train(name: NetworkName, batch: number): Promise<Training> {
  const { inputShape, classes } = networks[name];
  const net = new convnetjs.Net() as Net;
  net.makeLayers(definitions[name]);
  setWeights(net, Object.values(firstWeights(networks[name])));
  const { x, y } = batchOf(networks[name], batch);
  const [h, w, c] = inputShape.length === 3 ? (inputShape as [number, number, number]) : [1, 1, inputShape[0]!];
  const size = sizeOf(inputShape);
  const examples = Array.from({ length: batch }, (_, i): Vol => {
    const vol = new convnetjs.Vol(w, h, c, 0) as Vol;
    vol.w.set(x.subarray(i * size, (i + 1) * size));
    return vol;
  });
  const moments = net.getParamsAndGrads().map(({ params }) => ({
    m: new Float64Array(params.length),
    v: new Float64Array(params.length),
  }));
  let steps = 0;
  let loss = 0;
  return {
    step() {
      let sum = 0;
      for (let i = 0; i < batch; i++) {
        net.forward(examples[i]!, true);
        // Its regression reports twice the square, and half of the square's slope.
        sum += classes > 0 ? net.backward(y[i]!) : net.backward([y[i]!]) / 2;
      }
      loss = sum / batch;
      steps++;
      const correction1 = 1 / (1 - adam.beta1 ** steps);
      const correction2 = 1 / (1 - adam.beta2 ** steps);
      const scale = (classes > 0 ? 1 : 2) / batch;
      net.getParamsAndGrads().forEach(({ params, grads }, i) => {
        const { m, v } = moments[i]!;
        for (let j = 0; j < params.length; j++) {
          const slope = grads[j]! * scale;
          m[j] = adam.beta1 * m[j]! + (1 - adam.beta1) * slope;
          v[j] = adam.beta2 * v[j]! + (1 - adam.beta2) * slope * slope;
          params[j]! -= (learningRate * m[j]! * correction1) / (Math.sqrt(v[j]! * correction2) + adam.epsilon);
          grads[j] = 0;
        }
      });
    },
    finish: async () => undefined,
    loss: async () => loss,
    dispose: () => undefined,
  };
}

/** Filters are one volume each: [KH, KW, C] of a kernel's column, or a dense layer's column. */
function setWeights(net: Net, weights: readonly Float32Array[]): void {
  const layers = net.layers.filter(({ filters }) => filters);
  layers.forEach(({ filters, biases }, i) => {
    const [kernel, bias] = [weights[2 * i]!, weights[2 * i + 1]!];
    filters!.forEach((filter, column) => {
      for (let row = 0; row < filter.w.length; row++) filter.w[row] = kernel[row * filters!.length + column]!;
    });
    biases!.w.set(bias);
  });
}
