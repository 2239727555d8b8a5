// How much memory a training of this page takes on its device, without the engine, which comes only when it is wanted.

/** Of the small CNN: as its table says once it is made. */
export const weights = 9098;

const float = 4;

/** Of an image on the device: its bytes and its label. */
const imageBytes = 28 * 28 + 4;

/** Numbers of an image that both a training step and a test hold: after the first convolution, and after the first pool. */
const tested = 28 * 28 * 8 + 14 * 14 * 8;
/** A training step holds these too: the image, both later layers, the gradient of the last, and ten scores with theirs. */
const trained = tested + 28 * 28 + 14 * 14 * 16 + 7 * 7 * 16 + 7 * 7 * 16 + 20;

/** As `evaluate` takes them unless told. */
const testBatch = 32;

/** Parameters of kernels, small inputs, the rows that losses are read from. */
const fixed = 200_000;

/** Batches of `size` images: one size, and the rest, have each a program with memory of its own. */
function held(images: number, size: number): number {
  const batch = Math.min(images, size);
  return batch + (images % batch);
}

/** Bytes. */
export function bytesOf({ images, batch }: { readonly images: number; readonly batch: number }): number {
  const [validation, test] = [Math.ceil(images / 9), Math.ceil(images / 4)];
  // Weights, gradients, Adam's two moments, and three buffers that the weights and moments are saved through.
  const model = 7 * float * weights;
  const data = imageBytes * (images + validation + test);
  const steps = trained * held(images, batch) + tested * (held(validation, batch) + held(test, testBatch));
  return model + data + float * steps + fixed;
}
