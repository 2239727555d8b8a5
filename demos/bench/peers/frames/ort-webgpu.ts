import * as ort from 'onnxruntime-web/webgpu';

import { onnxruntime } from '../engines/ort.ts';
import { expose } from '../frame.ts';

expose(Promise.resolve(onnxruntime(ort, 'webgpu')));
