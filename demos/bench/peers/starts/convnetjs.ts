import { train } from '../engines/convnet_train.ts';
import { firstStep } from '../start.ts';

firstStep(async () => train);
