// What lies between JavaScript and the device: uploads, readbacks, submits. Rows of their own, because no kernel's time
// holds any of them.

import { inputTensor, apply } from '../../../src/graph/tensor.ts';
import { makePlan } from '../../../src/plan/build.ts';
import type { Device } from '../../../src/plan/device.ts';
import { opByName } from './cases.ts';
import { notChecked } from './check.ts';
import { rates, type MeasureOptions } from './measure.ts';
import { blankRow, type Row } from './result.ts';
import { sampleInTurns } from './sampling.ts';
import { summarize } from './statistics.ts';

const elements = 2 ** 22;

export async function measureTransfers(device: Device, options: MeasureOptions): Promise<Row[]> {
  const x = inputTensor('x', [elements]);
  const small = inputTensor('small', [1]);
  const copy = opByName('copy');
  const outputs = { all: apply(copy, [x], {})[0]!, one: apply(copy, [small], {})[0]! };
  const runner = await device.createRunner(makePlan(outputs, [], { target: device.target }));
  const values = new Float32Array(elements).fill(1);
  const wall = async (repeats: number, work: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    for (let i = 0; i < repeats; i++) await work();
    return Math.max(1, (performance.now() - began) * 1e6);
  };
  const step = async (feeds: Parameters<typeof runner.run>[0]): Promise<void> => {
    await runner.ready();
    runner.run(feeds);
    await runner.flush();
  };
  try {
    await step({ x: values, small: Float32Array.of(1) });
    const works: [string, string, number, () => Promise<unknown>][] = [
      ['upload', '16 MiB, a step that copies them, and the wait for it', 4 * elements, () => step({ x: values })],
      ['step', 'the same step without the upload', 0, () => step({})],
      ['readback', '16 MiB', 4 * elements, () => runner.read('all')],
      ['readback', '4 bytes', 4, () => runner.read('one')],
    ];
    const timed = await sampleInTurns(
      works.map(([, , , work]) => ({ sample: (repeats: number) => wall(repeats, work) })),
      {
        method: options.method,
        clock: { quantumNs: 5000 },
        signal: options.signal,
        ...(options.hidden ? { hidden: options.hidden } : {}),
      },
    );
    return works.map(([subject, shape, bytes], i): Row => {
      const summary = summarize(timed[i]!.samplesNs);
      return blankRow({
        suite: 'transfers',
        subject,
        variant: device.kind,
        shape,
        bytes,
        ...timed[i]!,
        summary,
        ...rates({ flops: 0, bytes }, summary.median),
        check: notChecked('nothing is computed'),
      });
    });
  } finally {
    runner.dispose();
  }
}
