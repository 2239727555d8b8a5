import { convnet } from '../engines/convnet.ts';
import { expose } from '../frame.ts';

expose(Promise.resolve(convnet(VERSIONS['convnetjs']!)));
