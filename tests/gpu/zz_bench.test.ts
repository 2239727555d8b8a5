import { test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { conv2d } from '../../src/ops/functions.ts';
import { makePlan } from '../../src/plan/build.ts';
import { sharedDevice } from './device.ts';
const cases: [string, number[], number[], object][] = [
  ['1->16 28', [16, 28, 28, 1], [3, 3, 1, 16], {}],
  ['16->32 26', [16, 26, 26, 16], [3, 3, 16, 32], {}],
  ['16->32 same', [16, 28, 28, 16], [3, 3, 16, 32], { padding: 'same' }],
  ['32->32 s2', [16, 28, 28, 32], [3, 3, 32, 32], { padding: 'same', strides: 2 }],
];
test('bench', { timeout: 300000 }, async () => {
  const device = await sharedDevice();
  for (const forced of [{}, { conv2d: 'register', conv2d_grad_input: 'register', conv2d_grad_filter: 'register' }, { conv2d: 'naive', conv2d_grad_input: 'naive', conv2d_grad_filter: 'naive' }]) for (const [name, image, filter, options] of cases) {
    const x = inputTensor('x', image), w = inputTensor('w', filter);
    const y = conv2d(x, w, options as never);
    const dy = inputTensor('dy', y.shape);
    const [dx, dw] = gradients(y, [x, w], dy) as [Tensor, Tensor];
    const out: string[] = [];
    for (const [key, outputs] of Object.entries({ y: { y }, dx: { dx }, dw: { dw } })) {
      const plan = makePlan(outputs as never, [], { target: device.target, kernels: forced as never });
      const runner = await device.createRunner(plan);
      const feeds: Record<string, Float32Array> = {};
      for (const n of Object.keys(plan.inputs)) { const t = { x, w, dy }[n]!; feeds[n] = new Float32Array(t.shape.reduce((a, b) => a * b, 1)).map((_, i) => Math.sin(i)); }
      runner.run(feeds); await runner.read(key);
      let best = Infinity;
      for (let r = 0; r < 9; r++) { const t = performance.now(); for (let k = 0; k < 3; k++) runner.run({}); await runner.read(key); best = Math.min(best, (performance.now() - t) / 3); }
      out.push(`${key} ${best.toFixed(2)}`);
      runner.dispose();
    }
    console.log(`BENCH ${Object.values(forced)[0] ?? 'default'} ${name}: ${out.join('  ')}`);
  }
});
