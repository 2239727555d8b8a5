// Retrograd: each operation as a plan of one op with the kernel that a plan takes by itself.

import { createCpuDevice, createWebGPUDevice, type Device } from '../../../../src/index.ts';
import { makePlan } from '../../../../src/plan/build.ts';
import { apply, inputTensor } from '../../../../src/graph/tensor.ts';
import { caseOf } from '../case.ts';
import { trainingTask, type Engine, type Task, type TrainingMaker } from '../engine.ts';
import { inputsOf, type Work } from '../work.ts';
import { train } from './retrograd_train.ts';

export async function retrograd(kind: 'webgpu' | 'cpu', version: string): Promise<Engine> {
  const device = kind === 'webgpu' ? await createWebGPUDevice({ hangTimeout: 180_000 }) : createCpuDevice();
  const trains: TrainingMaker = (name, batch) => train(device, name, batch);
  return {
    version,
    train: trains,
    task: (work) => (work.kind === 'step' ? trainingTask(trains, work) : operation(device, work)),
  };
}

async function operation(device: Device, work: Work): Promise<Task> {
  const { one, names } = caseOf(work);
  const values = inputsOf(work);
  const inputs = one.sample.inputs.map(({ shape }, i) => inputTensor(names[i]!, shape));
  const plan = makePlan({ y: apply(one.op, inputs, one.sample.attrs)[0]! }, [], { target: device.target });
  const runner = await device.createRunner(plan);
  const data = await Promise.all(
    names.map((name, i) => device.upload(values[name]!, { shape: one.sample.inputs[i]!.shape, dtype: 'f32' })),
  );
  const feeds = Object.fromEntries(names.map((name, i) => [name, data[i]!]));
  return {
    run() {
      const wait = runner.ready();
      if (wait) return wait.then(() => runner.run(feeds));
      runner.run(feeds);
      return undefined;
    },
    finish: () => runner.flush(),
    read: async () => Float32Array.from(await runner.read('y')),
    dispose() {
      runner.dispose();
      for (const tensor of data) tensor.dispose();
    },
  };
}
