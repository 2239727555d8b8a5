// What a device really makes, counted at WebGPU's own calls rather than by the engine: live buffers and compile times.

export interface Instruments {
  liveBytes(): number;
  liveBuffers(): readonly { readonly label: string; readonly bytes: number }[];
  buffersCreated(): number;
  pipelinesCreated(): number;
  submits(): number;
  /** Milliseconds from the first compilation's begin to the last one's end since this was last asked; null without any. */
  compileMs(): number | null;
}

/** Replaces methods of `gpu` by ones that count and then do the same. */
export function instrument(gpu: GPUDevice): Instruments {
  const live = new Map<GPUBuffer, { label: string; bytes: number }>();
  let [buffers, pipelines, submits] = [0, 0, 0];
  let span: { began: number; ended: number } | null = null;

  const createBuffer = gpu.createBuffer.bind(gpu);
  gpu.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor);
    buffers++;
    live.set(buffer, { label: descriptor.label ?? '', bytes: descriptor.size });
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      live.delete(buffer);
      return destroy();
    };
    return buffer;
  };

  const compile = gpu.createComputePipelineAsync.bind(gpu);
  gpu.createComputePipelineAsync = async (descriptor) => {
    const began = performance.now();
    try {
      return await compile(descriptor);
    } finally {
      pipelines++;
      span = { began: Math.min(began, span?.began ?? Infinity), ended: performance.now() };
    }
  };

  const submit = gpu.queue.submit.bind(gpu.queue);
  gpu.queue.submit = (commands) => {
    submits++;
    return submit(commands);
  };

  return {
    liveBytes: () => [...live.values()].reduce((sum, { bytes }) => sum + bytes, 0),
    liveBuffers: () => [...live.values()],
    buffersCreated: () => buffers,
    pipelinesCreated: () => pipelines,
    submits: () => submits,
    compileMs() {
      const found = span && span.ended - span.began;
      span = null;
      return found;
    },
  };
}
