// onnxruntime-web: inference only. Inputs and results stay on the device; images have their channels first.

import type { Engine, Task } from '../engine.ts';
import { onnxModel } from '../onnx.ts';
import { channelsFirst, inputsOf, outputShape, type Work } from '../work.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- the package's types are there only where it is installed
type Ort = any;

const first = ([n, h, w, c]: readonly number[]) => [n!, c!, h!, w!];

function modelOf(work: Work): Uint8Array | null {
  const { inputs } = work;
  const output = outputShape(work);
  switch (work.kind) {
    case 'matmul':
      return onnxModel('MatMul', inputs, output);
    case 'conv': {
      const [h, w, c, filters] = inputs['w'] as readonly [number, number, number, number];
      const shapes = { x: first(inputs['x']!), w: [filters, c, h, w] };
      return onnxModel('Conv', shapes, first(output), { kernel_shape: [h, w], pads: [1, 1, 1, 1], strides: [1, 1] });
    }
    case 'softmax':
      return onnxModel('Softmax', inputs, output, { axis: 1 });
    case 'max_pool':
      return onnxModel('MaxPool', { x: first(inputs['x']!) }, first(output), {
        kernel_shape: [2, 2],
        strides: [2, 2],
      });
    default:
      return null;
  }
}

export function onnxruntime(ort: Ort, provider: 'webgpu' | 'wasm'): Engine {
  // Its files lie beside the page; as many threads as there are cores, where it would take half of them.
  ort.env.wasm.wasmPaths = new URL('ort/', location.href).href;
  ort.env.wasm.numThreads = navigator.hardwareConcurrency;
  ort.env.logLevel = 'error';
  return {
    version: ort.env.versions.web,
    train: null,
    async task(work): Promise<Task | null> {
      const model = modelOf(work);
      if (!model) return null;
      const onGpu = provider === 'webgpu';
      const session = await ort.InferenceSession.create(model, {
        executionProviders: [provider],
        ...(onGpu ? { preferredOutputLocation: 'gpu-buffer' } : {}),
      });
      const device: GPUDevice | null = onGpu ? await ort.env.webgpu.device : null;
      const values = inputsOf(work);
      const buffers: GPUBuffer[] = [];
      const feeds: Record<string, unknown> = {};
      for (const [name, shape] of Object.entries(work.inputs)) {
        const convert = name === 'w' ? channelsFirst.filter : channelsFirst.image;
        const own = shape.length < 4 ? { values: values[name]!, shape } : convert(values[name]!, shape);
        if (!device) {
          feeds[name] = new ort.Tensor('float32', own.values, own.shape);
          continue;
        }
        const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
        const buffer = device.createBuffer({ size: own.values.byteLength, usage });
        device.queue.writeBuffer(buffer, 0, own.values);
        buffers.push(buffer);
        feeds[name] = ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: own.shape });
      }
      let y: Ort = null;
      return {
        async run() {
          y?.dispose();
          y = (await session.run(feeds)).y;
        },
        finish: async () => device?.queue.onSubmittedWorkDone(),
        async read() {
          const found = Float32Array.from(onGpu ? await y.getData() : y.data);
          const shape = outputShape(work);
          return shape.length < 4 ? found : channelsFirst.imageBack(found, shape);
        },
        dispose() {
          y?.dispose();
          for (const buffer of buffers) buffer.destroy();
          void session.release();
        },
      };
    },
  };
}
