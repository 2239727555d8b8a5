import { train } from '../engines/tfjs_train.ts';
import { useWasm } from '../engines/tfjs_wasm.ts';
import { firstStep } from '../start.ts';

firstStep(async () => {
  await useWasm();
  return train;
});
