import { train, useDevice } from '../engines/jax_train.ts';
import { firstStep } from '../start.ts';

firstStep(async () => {
  await useDevice('webgpu');
  return (network, batch) => train('webgpu', network, batch);
});
