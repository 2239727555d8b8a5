import '@tensorflow/tfjs-backend-cpu';

import { tfjs } from '../engines/tfjs.ts';
import { useBackend } from '../engines/tfjs_train.ts';
import { expose } from '../frame.ts';

expose(useBackend('cpu').then(() => tfjs()));
