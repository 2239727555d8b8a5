import '@tensorflow/tfjs-backend-cpu';

import { train, useBackend } from '../engines/tfjs_train.ts';
import { firstStep } from '../start.ts';

firstStep(async () => {
  await useBackend('cpu');
  return train;
});
