// A GPUDevice that computes nothing and fails on purpose: the nth call of one method goes wrong in one way. Errors go
// through error scopes and losses are told late, as in a browser.

export type Fault =
  | 'throw' // a RangeError at the call, as for memory the host cannot map
  | 'out-of-memory' // through the error scope, as are the next one's
  | 'validation'
  | 'reject'
  | 'internal' // a pipeline error that is not the shader's
  | 'hang'
  | 'lose' // the device is lost, and says so soon
  | 'lose late' // the call's promise rejects before the device says so
  | 'lose silently'; // the call seems to succeed on a lost device

export interface ChaosDevice {
  readonly gpu: GPUDevice;
  /** Buffers made and not destroyed. */
  live(): number;
  /** How often each method was called. */
  readonly calls: Readonly<Record<string, number>>;
  readonly struck: () => boolean;
}

/** `mapped`: what a buffer that is read holds. */
export function chaosDevice(
  method = '',
  nth = 0,
  fault: Fault = 'throw',
  mapped: (bytes: number) => ArrayBuffer = (bytes) => new ArrayBuffer(bytes),
): ChaosDevice {
  const calls: Record<string, number> = {};
  const live = new Set<object>();
  const scopes: { filter: string; error: { message: string } | null }[] = [];
  const listeners = new Set<(event: Event) => void>();
  let struck = false;
  let dead = false;
  let tellLost: (info: GPUDeviceLostInfo) => void;
  const lost = new Promise<GPUDeviceLostInfo>((resolve) => (tellLost = resolve));

  function lose(reason: GPUDeviceLostReason, delay: number): void {
    if (dead) return;
    dead = true;
    setTimeout(() => tellLost({ reason, message: 'chaos' } as GPUDeviceLostInfo), delay);
  }

  function raise(filter: string, message: string): void {
    if (dead) return;
    const scope = scopes.findLast((open) => open.filter === filter);
    if (scope) scope.error ??= { message };
    else for (const listener of listeners) listener({ error: new Error(message) } as unknown as Event);
  }

  /** The fault this call must suffer, or null. */
  function strike(name: string): Fault | null {
    calls[name] = (calls[name] ?? 0) + 1;
    if (name !== method || calls[name] !== nth) return null;
    struck = true;
    if (fault === 'throw') throw new RangeError('chaos');
    if (fault === 'out-of-memory' || fault === 'validation') raise(fault, 'chaos');
    if (fault === 'lose') lose('unknown', 0);
    if (fault === 'lose late') lose('unknown', 20);
    if (fault === 'lose silently') lose('unknown', 5);
    return fault;
  }

  /** What a promise of `name` does: a lost device's resolve, or reject, or wait, as each was seen to. */
  function promised<T>(name: string, value: () => T, whenDead: 'resolve' | 'reject'): Promise<T> {
    let hit: Fault | null;
    try {
      hit = strike(name);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    if (hit === 'hang') return new Promise(() => {});
    if (hit === 'reject' || hit === 'lose late') return Promise.reject(new DOMException('chaos', 'OperationError'));
    if (hit === 'validation' || hit === 'internal') {
      return Promise.reject(Object.assign(new Error('chaos'), { reason: hit }));
    }
    if (dead && whenDead === 'reject') return Promise.reject(new DOMException('', 'AbortError'));
    // A macrotask, so that what the caller does meanwhile really is meanwhile.
    return new Promise((resolve) => setTimeout(() => resolve(value()), 1));
  }

  function createBuffer({ size }: GPUBufferDescriptor): GPUBuffer {
    strike('createBuffer');
    const buffer = {
      size,
      destroy: () => void live.delete(buffer),
      mapAsync: () => promised('mapAsync', () => undefined, 'reject'),
      getMappedRange: (_: number, bytes: number) => mapped(bytes),
      unmap() {},
    };
    live.add(buffer);
    return buffer as unknown as GPUBuffer;
  }

  const anything = (name: string) => () => {
    strike(name);
    return {
      destroy() {},
      getCompilationInfo: () => promised('getCompilationInfo', () => ({ messages: [] }), 'resolve'),
    };
  };
  const pass = { setPipeline() {}, setBindGroup() {}, dispatchWorkgroups() {}, end() {} };
  const gpu = {
    lost,
    features: new Set(),
    limits: new Proxy({}, { get: () => 2 ** 20 }),
    addEventListener: (_: string, listener: (event: Event) => void) => void listeners.add(listener),
    removeEventListener: (_: string, listener: (event: Event) => void) => void listeners.delete(listener),
    pushErrorScope: (filter: string) => void scopes.push({ filter, error: null }),
    popErrorScope() {
      const scope = scopes.pop();
      return promised('popErrorScope', () => (dead ? null : (scope?.error ?? null)), 'resolve');
    },
    createBuffer,
    createShaderModule: anything('createShaderModule'),
    createBindGroupLayout: anything('createBindGroupLayout'),
    createPipelineLayout: anything('createPipelineLayout'),
    createBindGroup: anything('createBindGroup'),
    createComputePipelineAsync: () => promised('createComputePipelineAsync', () => ({}), 'resolve'),
    createCommandEncoder: () => ({
      beginComputePass: () => pass,
      copyBufferToBuffer() {},
      finish: () => ({}),
    }),
    queue: {
      writeBuffer: () => void strike('writeBuffer'),
      submit: () => void strike('submit'),
      onSubmittedWorkDone: () => promised('onSubmittedWorkDone', () => undefined, 'resolve'),
    },
    destroy: () => lose('destroyed', 5),
  };
  return { gpu: gpu as unknown as GPUDevice, live: () => live.size, calls, struck: () => struck };
}
