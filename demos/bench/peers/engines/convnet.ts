// ConvNetJS: its layers one image at a time. It makes both gradients of a convolution in one loop, so neither has a row.

import convnetjs from 'convnetjs';

import { sizeOf } from '../../core/networks.ts';
import { trainingTask, type Engine, type Task } from '../engine.ts';
import { inputsOf, outputShape } from '../work.ts';
import { train } from './convnet_train.ts';

interface Vol {
  readonly w: Float64Array;
}

interface Layer {
  readonly filters?: readonly Vol[];
  forward(x: Vol, training: boolean): Vol;
}

export function convnet(version: string): Engine {
  return {
    version,
    train,
    async task(work): Promise<Task | null> {
      if (work.kind === 'step') return trainingTask(train, work);
      if (work.kind !== 'conv' && work.kind !== 'max_pool') return null;
      const [n, h, w, c] = work.inputs['x'] as readonly [number, number, number, number];
      const { x, w: kernel } = inputsOf(work);
      const size = h * w * c;
      const images = Array.from({ length: n }, (_, i): Vol => {
        const vol = new convnetjs.Vol(w, h, c, 0) as Vol;
        vol.w.set(x!.subarray(i * size, (i + 1) * size));
        return vol;
      });
      const shape = { in_sx: w, in_sy: h, in_depth: c };
      const layer = (
        work.kind === 'conv'
          ? new convnetjs.ConvLayer({ ...shape, sx: 3, stride: 1, pad: 1, filters: 64 })
          : new convnetjs.PoolLayer({ ...shape, sx: 2, stride: 2 })
      ) as Layer;
      layer.filters?.forEach((filter, column) => {
        for (let row = 0; row < filter.w.length; row++) filter.w[row] = kernel![row * layer.filters!.length + column]!;
      });
      let results: Float64Array[] = [];
      return {
        run() {
          results = images.map((image) => layer.forward(image, false).w);
        },
        finish: async () => undefined,
        async read() {
          const all = new Float32Array(sizeOf(outputShape(work)));
          results.forEach((values, i) => all.set(values, i * values.length));
          return all;
        },
        dispose: () => undefined,
      };
    },
  };
}
