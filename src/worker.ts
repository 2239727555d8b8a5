// The file that `trainer({ worker: true })` starts as a module worker.

import { serveTrainer } from './train/worker/serve.ts';

serveTrainer();
