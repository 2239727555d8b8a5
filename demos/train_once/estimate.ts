// How much memory a training of this page takes on its device, without the engine, which comes only when it is wanted.

/** Of the small CNN: as its table says once it is made. */
export const weights = 9098;

const float = 4;

/** Of an image: 28 × 28 bytes and a label. */
const imageBytes = 28 * 28 + 4;

/** Numbers that a step keeps of each image of its batch, from the picture to the gradients. */
const perImage = 30_000;

/** Kernels' parameters and the rows that losses are read from. */
const fixed = 100_000;

export function bytesOf({ images, batch }: { readonly images: number; readonly batch: number }): number {
  // Weights, their gradients, and Adam's two moments.
  const model = 4 * float * weights;
  const data = imageBytes * (images + Math.ceil(images / 9) + Math.ceil(images / 4));
  return model + data + float * perImage * Math.min(batch, images) + fixed;
}
