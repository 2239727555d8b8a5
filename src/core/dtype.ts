// The element types a tensor can have, and the arrays that hold them on the host.

/** `u8` exists for data sets only: bytes kept on the device, turned into f32 by the op that reads them. */
export type DType = 'f32' | 'i32' | 'u32' | 'u8';

export type TypedArray = Float32Array | Int32Array | Uint32Array | Uint8Array;

/** What the CPU reference computes on: f32 tensors are Float64Array when the reference is the oracle. */
export type Values = TypedArray | Float64Array;

const bytesPerElement: Record<DType, number> = { f32: 4, i32: 4, u32: 4, u8: 1 };

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
    case 'u8':
      return new Uint8Array(buffer, byteOffset, size);
  }
}

export function dtypeOf(array: Values): DType {
  if (array instanceof Int32Array) return 'i32';
  if (array instanceof Uint32Array) return 'u32';
  if (array instanceof Uint8Array) return 'u8';
  return 'f32';
}
