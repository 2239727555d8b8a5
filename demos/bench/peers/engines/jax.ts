// jax-js: every operation under `jit`, gradients by its own differentiation. Images have their channels first.

import { blockUntilReady, grad, jit, lax, nn, numpy as np } from '@jax-js/jax';

import { trainingTask, type Engine, type Task, type TrainingMaker } from '../engine.ts';
import { channelsFirst, inputsOf, outputShape, type Work } from '../work.ts';
import { arrayOf, finished, train } from './jax_train.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- the package's types are there only where it is installed
type JaxArray = any;

/** Bundled by hand: the package does not tell its version. */
export function jax(device: 'webgpu' | 'wasm', version: string): Engine {
  const trains: TrainingMaker = (name, batch) => train(device, name, batch);
  return {
    version,
    train: trains,
    async task(work): Promise<Task | null> {
      if (work.kind === 'step') return trainingTask(trains, work);
      const values = inputsOf(work);
      const x = Object.entries(work.inputs).map(([name, shape]) => {
        if (shape.length < 4) return arrayOf(values[name]!, shape);
        const convert = name === 'w' ? channelsFirst.filter : channelsFirst.image;
        const converted = convert(values[name]!, shape);
        return arrayOf(converted.values, converted.shape);
      });
      const f = operation(work);
      let y: JaxArray = null;
      // A result is computed when it is waited for, and never if it is disposed of before: so all are kept until then.
      let waiting: JaxArray[] = [];
      return {
        run() {
          waiting.push(f(...x.map((one) => one.ref)));
        },
        async finish() {
          if (waiting.length > 0) {
            const done = waiting;
            waiting = [];
            await blockUntilReady(done);
            y?.dispose();
            y = done.pop();
            for (const one of done) one.dispose();
          }
          await finished(device, y);
        },
        async read() {
          const found = Float32Array.from(await y.ref.data());
          const shape = outputShape(work);
          if (shape.length < 4) return found;
          return work.kind === 'conv_grad_filter'
            ? channelsFirst.filterBack(found, shape)
            : channelsFirst.imageBack(found, shape);
        },
        dispose() {
          y?.dispose();
          for (const one of x) one.dispose();
          f.dispose();
        },
      };
    },
  };
}

const convolve = (x: JaxArray, w: JaxArray) => lax.convGeneralDilated(x, w, [1, 1], 'SAME');
const pool = (x: JaxArray) => lax.reduceWindow(x, np.max, [2, 2], [2, 2]);

/** Of the inputs in the order in which the work names them. A gradient is that of the sum of products with dy. */
function operation({ kind, inputs }: Work) {
  switch (kind) {
    case 'matmul':
      return jit((a: JaxArray, b: JaxArray) => np.matmul(a, b));
    case 'conv':
      return jit(convolve);
    case 'conv_grad_input': {
      const [n, h, w] = inputs['dy']!;
      const slope = grad((x: JaxArray, filter: JaxArray, dy: JaxArray) => convolve(x, filter).mul(dy).sum());
      return jit((dy: JaxArray, filter: JaxArray) => slope(np.zeros([n!, inputs['w']![2]!, h!, w!]), filter, dy));
    }
    case 'conv_grad_filter': {
      const slope = grad((filter: JaxArray, x: JaxArray, dy: JaxArray) => convolve(x, filter).mul(dy).sum());
      const shape = [inputs['dy']!.at(-1)!, inputs['x']!.at(-1)!, 3, 3];
      return jit((x: JaxArray, dy: JaxArray) => slope(np.zeros(shape), x, dy));
    }
    case 'softmax':
      return jit((x: JaxArray) => nn.softmax(x));
    case 'max_pool':
      return jit(pool);
    case 'max_pool_grad': {
      const slope = grad((x: JaxArray, dy: JaxArray) => pool(x).mul(dy).sum());
      return jit((dy: JaxArray, x: JaxArray) => slope(x, dy));
    }
    case 'step':
      throw new Error('a step is no operation');
  }
}
