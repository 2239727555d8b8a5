// What a kernel may know of the device it will run on, as plain data, so that plans are made and printed without one.

export interface Target {
  /** A software rasterizer, a GPU sharing the processor's memory, a card of its own, or not known. */
  readonly adapter: 'software' | 'integrated' | 'discrete' | 'unknown';
  /** WebGPU feature names the device was created with. */
  readonly features: ReadonlySet<string>;
  readonly limits: {
    readonly maxComputeWorkgroupsPerDimension: number;
    readonly maxComputeInvocationsPerWorkgroup: number;
    readonly maxComputeWorkgroupStorageSize: number;
    readonly maxStorageBufferBindingSize: number;
    readonly maxBufferSize: number;
    readonly maxStorageBuffersPerShaderStage: number;
  };
}

/** WebGPU's guaranteed limits and no optional feature: what every device can run. */
export const baseTarget: Target = {
  adapter: 'unknown',
  features: new Set(),
  limits: {
    maxComputeWorkgroupsPerDimension: 65535,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupStorageSize: 16384,
    maxStorageBufferBindingSize: 128 * 2 ** 20,
    maxBufferSize: 256 * 2 ** 20,
    maxStorageBuffersPerShaderStage: 8,
  },
};

/**
 * Workgroups for `threads` flat threads. Above 65,535 groups the grid gets a second row, so a shader computes its
 * index with `flat_index` of shaders/lib/grid.wgsl and returns where it exceeds the size.
 */
export function flatGrid(threads: number, workgroupSize: number): [number, number, number] {
  const groups = Math.ceil(threads / workgroupSize);
  if (groups <= 65535) return [groups, 1, 1];
  const rows = Math.ceil(groups / 65535);
  return [Math.ceil(groups / rows), rows, 1];
}
