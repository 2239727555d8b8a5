import { createCpuDevice } from '../../../../src/index.ts';
import { train } from '../engines/retrograd_train.ts';
import { firstStep } from '../start.ts';

firstStep(async () => (network, batch) => train(createCpuDevice(), network, batch));
