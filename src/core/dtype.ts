// The element types a tensor can have, and the arrays that hold them on the host.

/**
 * `u8` exists for data sets only: bytes kept on the device, turned into f32 by the op that reads them. `f16` is storage:
 * kernels compute in f32 and round what they store.
 */
export type DType = 'f32' | 'i32' | 'u32' | 'f16' | 'u8';

/** f16 is held as bits (see core/half.ts); a Float16Array, where the platform has it, is taken in its place. */
export type TypedArray = Float32Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** What the CPU reference computes on: f32 and f16 tensors are Float64Array when the reference is the oracle. */
export type Values = TypedArray | Float64Array;

export const bytesPerElement: Readonly<Record<DType, number>> = { f32: 4, i32: 4, u32: 4, f16: 2, u8: 1 };

/** Bytes of `size` elements, rounded up to the 4 bytes WebGPU copies in. */
export function byteLength(dtype: DType, size: number): number {
  return Math.ceil((bytesPerElement[dtype] * size) / 4) * 4;
}

export function allocate(dtype: DType, size: number): TypedArray {
  switch (dtype) {
    case 'f32':
      return new Float32Array(size);
    case 'i32':
      return new Int32Array(size);
    case 'u32':
      return new Uint32Array(size);
    case 'f16':
      return new Uint16Array(size);
    case 'u8':
      return new Uint8Array(size);
  }
}

/** A typed array of `dtype` over `size` elements of existing memory. */
export function viewOf(dtype: DType, buffer: ArrayBufferLike, byteOffset: number, size: number): TypedArray {
  switch (dtype) {
    case 'f32':
      return new Float32Array(buffer, byteOffset, size);
    case 'i32':
      return new Int32Array(buffer, byteOffset, size);
    case 'u32':
      return new Uint32Array(buffer, byteOffset, size);
    case 'f16':
      return new Uint16Array(buffer, byteOffset, size);
    case 'u8':
      return new Uint8Array(buffer, byteOffset, size);
  }
}

export function dtypeOf(array: Values): DType {
  if (array instanceof Int32Array) return 'i32';
  if (array instanceof Uint32Array) return 'u32';
  if (array instanceof Uint8Array) return 'u8';
  if (array instanceof Uint16Array || Object.prototype.toString.call(array) === '[object Float16Array]') return 'f16';
  return 'f32';
}

/** Copies `values` to `target`, which has their dtype; a Float16Array's bits stay as they are. */
export function setValues(target: TypedArray, values: TypedArray): void {
  const same = target.constructor === values.constructor;
  target.set(same ? values : viewOf(dtypeOf(target), values.buffer, values.byteOffset, values.length));
}
