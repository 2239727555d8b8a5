import '@tensorflow/tfjs-backend-webgpu';

import { train, useBackend } from '../engines/tfjs_train.ts';
import { firstStep } from '../start.ts';

firstStep(async () => {
  await useBackend('webgpu');
  return train;
});
