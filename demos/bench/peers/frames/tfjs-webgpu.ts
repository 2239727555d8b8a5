import '@tensorflow/tfjs-backend-webgpu';

import { tfjs } from '../engines/tfjs.ts';
import { useBackend } from '../engines/tfjs_train.ts';
import { expose } from '../frame.ts';

expose(useBackend('webgpu').then(() => tfjs()));
