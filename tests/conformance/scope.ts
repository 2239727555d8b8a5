// Which operators have no place in the engine, and why; everything else must run.

export const outsideScope: Readonly<Record<string, string>> = {
  Compress: "its result's shape depends on its numbers, and a static graph knows every shape before it runs",
  NonZero: "its result's shape depends on its numbers, and a static graph knows every shape before it runs",
  ConvInteger: 'quantized integers with zero points are for inference on small devices; training is in f32',
  GridSample:
    'sampling an image at learned places (spatial transformers) belongs to no layer of this engine; resizing and augmentation have ops of their own',
};
