import { retrograd } from '../engines/retrograd.ts';
import { expose } from '../frame.ts';

expose(retrograd('cpu', VERSIONS['retrograd']!));
