// Which operators have no place in the engine, and why; everything else must run.

export const outsideScope: Readonly<Record<string, string>> = {
  Compress: "its result's shape depends on its numbers, and a static graph knows every shape before it runs",
  NonZero: "its result's shape depends on its numbers, and a static graph knows every shape before it runs",
};

/** Attributes and inputs that say nothing about the numbers of these operators' cases; all others must be looked at. */
export const withoutMeaning: Readonly<Record<string, readonly string[]>> = {
  // Types: everything is kept in f32, and compared to what the stored type can hold.
  Attention: ['softmax_precision'],
  Cast: ['to'],
  EyeLike: ['dtype'],
  // Where nothing is drawn.
  Dropout: ['seed'],
};
