// Merge layers against plain loops.

import { describe, expect, it } from 'vitest';

import {
  add,
  average,
  concatenate,
  createCpuDevice,
  dense,
  dot,
  input,
  maximum,
  minimum,
  model,
  multiply,
  OptionError,
  program,
  randomNormal,
  type Layer,
  type Shape,
  sizeOf,
  subtract,
} from '../../src/index.ts';

const batch = 3;
const device = createCpuDevice();

/** What `layer` gives for random inputs of these shapes, with the inputs. */
async function run(layer: Layer, shapes: readonly Shape[]) {
  const inputs = shapes.map((shape, i) => randomNormal(batch * shape.reduce((n, m) => n * m, 1), 3, i));
  const { outputShape } = layer.build(shapes[0]!, 'layer', shapes.slice(1));
  const step = await program(
    Object.fromEntries(shapes.map((shape, i) => [`x${i}`, [batch, ...shape]])),
    (given, { random }) => {
      const [first, ...others] = shapes.map((_, i) => given[`x${i}`]!);
      return { y: layer.apply(first!, () => first!, { training: false, random, stream: 0 }, others) };
    },
    { device },
  );
  await step.prepare();
  step.run(Object.fromEntries(inputs.map((data, i) => [`x${i}`, data])));
  const y = await step.read('y');
  expect(step.plan.outputs['y']!.shape).toEqual([batch, ...outputShape]);
  return { inputs, y };
}
