import { tfjs } from '../engines/tfjs.ts';
import { useWasm } from '../engines/tfjs_wasm.ts';
import { expose } from '../frame.ts';

// It has no kernel for the gradient of a convolution's weights.
expose(useWasm().then(() => tfjs(['cnn'])));
