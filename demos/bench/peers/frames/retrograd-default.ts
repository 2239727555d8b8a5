import { retrogradDefault } from '../engines/retrograd_default.ts';
import { expose } from '../frame.ts';

expose(Promise.resolve(retrogradDefault(VERSIONS['retrograd']!)));
