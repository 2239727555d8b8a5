// f16 on the device: conversions over every half, odd sizes, and tensors of two bytes an element where buffers are whole words.

import { describe, expect, test } from 'vitest';
import type { TypedArray } from '../../src/core/dtype.ts';
import { fromHalf, halfValue, toHalf } from '../../src/core/half.ts';
import { inputTensor, variableTensor, type Tensor, type Variable } from '../../src/graph/tensor.ts';
import { assign, cast, copy, reshape } from '../../src/ops/index.ts';
import { makePlan } from '../../src/plan/build.ts';
import { createCpuDevice } from '../../src/cpu/device.ts';
import type { Device } from '../../src/plan/device.ts';
import { sharedDevice } from './device.ts';

const every = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

async function run(
  device: Device,
  outputs: Record<string, Tensor>,
  feeds: Record<string, TypedArray>,
): Promise<Record<string, TypedArray>> {
  const plan = makePlan(outputs, Object.values(outputs), { target: device.target });
  const runner = await device.createRunner(plan);
  try {
    runner.run(feeds);
    const read: Record<string, TypedArray> = {};
    for (const name of Object.keys(outputs)) read[name] = await runner.read(name);
    return read;
  } finally {
    runner.dispose();
  }
}

describe.each([
  ['GPU', sharedDevice],
  ['CPU', async () => createCpuDevice()],
] as const)('on the %s', (_, deviceOf) => {
  test('every half becomes its number', async () => {
    const x = inputTensor('x', [65536], 'f16');
    const { y } = await run(await deviceOf(), { y: cast(x, 'f32') }, { x: every });
    const wrong: string[] = [];
    for (let bits = 0; bits < 65536; bits++) {
      const expected = halfValue(bits);
      const infiniteOrNaN = (bits & 0x7c00) === 0x7c00;
      const tiny = (bits & 0x7c00) === 0;
      // WGSL lets a device read numbers below the smallest normal as 0, and says nothing of NaN.
      const right = infiniteOrNaN ? !Number.isFinite(y![bits]!) : y![bits] === expected || (tiny && y![bits] === 0);
      if (!right) wrong.push(`0x${bits.toString(16)} became ${y![bits]}, expected ${expected}`);
    }
    expect(wrong).toEqual([]);
  });

  test('numbers at, between and next to halves become the nearest', async () => {
    const numbers = new Float32Array(4 * 0x7c00);
    for (let bits = 0; bits < 0x7c00; bits++) {
      const [low, high] = [halfValue(bits), bits === 0x7bff ? 65536 : halfValue(bits + 1)];
      const middle = (low + high) / 2;
      numbers.set([low, middle, -(middle - (high - low) / 1024), -(middle + (high - low) / 1024)], 4 * bits);
    }
    const x = inputTensor('x', [numbers.length]);
    const { y } = await run(await deviceOf(), { y: cast(x, 'f16') }, { x: numbers });
    expect(y).toEqual(toHalf(numbers));
  });

  test('what is not finite keeps its kind', async () => {
    const x = inputTensor('x', [7]);
    const values = Float32Array.of(Infinity, -Infinity, NaN, 65520, -65520, 3e38, 65504);
    const { y } = await run(await deviceOf(), { y: cast(x, 'f16') }, { x: values });
    expect([...y!]).toEqual([0x7c00, 0xfc00, 0x7e00, 0x7c00, 0xfc00, 0x7c00, 0x7bff]);
  });

  test.each([1, 2, 3, 5, 7, 130])('%i halves as input, variable, view and output', async (size) => {
    const device = await deviceOf();
    const bits = toHalf(Float32Array.from({ length: size }, (_, i) => i / 4 - 2));
    const variable: Variable = { name: 'kept', shape: [size], dtype: 'f16', initial: () => new Uint16Array(size) };
    const x = inputTensor('x', [size], 'f16');
    const kept = assign(variableTensor(variable), copy(x));
    const outputs = { same: reshape(x, [size, 1]), copied: copy(x), number: cast(kept, 'f32'), kept };
    const read = await run(device, outputs, { x: bits });
    expect(read['copied']).toEqual(bits);
    expect(read['number']).toEqual(fromHalf(bits));
    expect(await device.readVariable(variable)).toEqual(bits);
    device.releaseVariable(variable);
    const uploaded = await device.upload(bits, { shape: [size], dtype: 'f16' });
    expect(uploaded.dtype).toBe('f16');
    uploaded.dispose();
  });

  test('whole numbers by way of f32', async () => {
    const x = inputTensor('x', [3], 'i32');
    const half = cast(x, 'f16');
    const { y, back } = await run(
      await deviceOf(),
      { y: half, back: cast(half, 'i32') },
      { x: Int32Array.of(-3, 2049, 9) },
    );
    expect([...y!]).toEqual([...toHalf([-3, 2048, 9])]);
    expect([...back!]).toEqual([-3, 2048, 9]);
  });
});

test('an f16 input takes bits, and says so', async () => {
  const device = await sharedDevice();
  const y = cast(inputTensor('x', [2], 'f16'), 'f32');
  await expect(run(device, { y }, { x: Float32Array.of(1, 2) })).rejects.toThrow(
    "run: input 'x' is f16 [2]: expected 2 values, got Float32Array of 2",
  );
});
