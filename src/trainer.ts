// The public names of `retrograd/trainer`: apart from the others, since bundlers take the worker's file along with them.

export { trainer, type Trainer, type TrainerOptions } from './train/worker/trainer.ts';
export { serveTrainer, type ServeOptions } from './train/worker/serve.ts';
