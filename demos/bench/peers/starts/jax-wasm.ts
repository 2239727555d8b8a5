import { train, useDevice } from '../engines/jax_train.ts';
import { firstStep } from '../start.ts';

firstStep(async () => {
  await useDevice('wasm');
  return (network, batch) => train('wasm', network, batch);
});
