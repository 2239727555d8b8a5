// What goes wrong with a worker's WebGPU, as text that runs in the worker before its own program (`worker` of open.ts).

/** The devices as they come: the last is `self.last`, so that it can be ended. */
export const remember = `
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    return (self.last = await request.apply(this, given));
  };`;

/** A buffer of more than so many bytes finds no memory: the engine's outer scope around it catches that. */
export const shortOf = (bytes: number): string => `
  const create = GPUDevice.prototype.createBuffer;
  const pop = GPUDevice.prototype.popErrorScope;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    if (descriptor.size > ${bytes}) this.full = true;
    return create.call(this, descriptor);
  };
  GPUDevice.prototype.popErrorScope = async function () {
    const { full, popped = 0 } = this;
    this.popped = popped + 1;
    const caught = await pop.call(this);
    if (!full || popped % 2 === 0) return caught;
    this.full = false;
    return new GPUOutOfMemoryError('for the test');
  };`;

/** No shader compiles. */
export const broken = `
  const create = GPUDevice.prototype.createShaderModule;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    return create.call(this, { ...descriptor, code: descriptor.code + '\\nfn broken( {' });
  };`;
