// Proof that the tests in Chrome reach a WebGPU device at all: when this fails, read no further.
import { expect, test } from 'vitest';

test('Chrome runs a compute shader', async () => {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error('Chrome gives no WebGPU adapter: see CHROME_FLAGS, and chrome://gpu in that browser');
  const device = await adapter.requestDevice();
  const code = `@group(0) @binding(0) var<storage, read_write> x: array<u32>;
    @compute @workgroup_size(64) fn square(@builtin(global_invocation_id) id: vec3u) { x[id.x] = id.x * id.x; }`;
  const size = 64 * 4;
  const x = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const read = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }) },
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: x }] }),
  );
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(x, 0, read, 0, size);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  expect([...new Uint32Array(read.getMappedRange())]).toEqual(Array.from({ length: 64 }, (_, i) => i * i));
  device.destroy();
});
