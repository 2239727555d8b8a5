import * as ort from 'onnxruntime-web/wasm';

import { onnxruntime } from '../engines/ort.ts';
import { expose } from '../frame.ts';

expose(Promise.resolve(onnxruntime(ort, 'wasm')));
