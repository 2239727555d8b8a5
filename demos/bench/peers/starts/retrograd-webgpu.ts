import { createWebGPUDevice } from '../../../../src/index.ts';
import { train } from '../engines/retrograd_train.ts';
import { firstStep } from '../start.ts';

firstStep(async () => {
  const device = await createWebGPUDevice();
  return (network, batch) => train(device, network, batch, true);
});
