// The losses that take options, for `compile`: `losses.huber({ delta: 2 })`.

export {
  binaryCrossentropy,
  categoricalCrossentropy,
  categoricalHinge,
  hinge,
  huber,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanSquaredError,
  nll,
  poisson,
  sparseCategoricalCrossentropy,
  squaredHinge,
} from './losses.ts';
