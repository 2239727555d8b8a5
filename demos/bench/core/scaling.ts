// How a training step's cost grows with the work: which networks and batches are measured, and how steep the curve is.

import { cnn, flopsOf, mlp, networks, type Network } from './networks.ts';
import type { Speeds } from './measure.ts';
import type { StepCase } from './steps.ts';

/** Step time against batch, width, depth and number of layers; the points of a series grow. */
export function scalingCases(quick: boolean): StepCase[] {
  const series = (
    name: string,
    xs: readonly number[],
    of: (x: number) => readonly [Network, number],
    layers = false,
  ): StepCase[] =>
    (quick ? xs.slice(0, 2) : xs).map((x) => {
      const [network, batch] = of(x);
      return { suite: 'scaling', network, batch, series: { name, x, layers } };
    });
  const batches = [16, 32, 64, 128, 256, 512, 1024];
  return [
    ...series('CNN by batch', batches, (batch) => [networks.cnn, batch]),
    ...series('MLP by batch', batches, (batch) => [networks.mlp, batch]),
    ...series('CNN by width, batch 16', [1, 2, 4, 8], (width) => [cnn({ width }), 16]),
    ...series('MLP by width, batch 128', [32, 64, 128, 256, 512, 1024], (width) => [mlp({ width }), 128]),
    ...series('CNN by convolutions, batch 16', [1, 2, 4, 6, 8], (convolutions) => [cnn({ convolutions }), 16], true),
    ...series('MLP by layers, batch 128', [1, 2, 4, 8, 16], (hidden) => [mlp({ hidden }), 128], true),
  ];
}

/** A step that would take longer is left out: a browser or a driver ends what holds a GPU for seconds. */
const longestStepMs = { software: 10_000, other: 2_000 };

/** Why a point is left out, by the rate of the point before it in its series; empty where it is not. */
export function tooLong({ network, batch, series }: StepCase, adapter: string | undefined, speeds: Speeds): string {
  const speed = series && speeds.get(series.name);
  if (!speed) return '';
  const limit = adapter === 'software' ? longestStepMs.software : longestStepMs.other;
  const predicted = (flopsOf(network) * batch) / speed / 1e6;
  return predicted > limit ? `would take about ${Math.round(predicted)} ms a step, more than ${limit} ms` : '';
}

/** The power p of x that y grows with: the slope of the line through (log x, log y) with the least squares. Two points or more. */
export function exponent(points: readonly { readonly x: number; readonly y: number }[]): number {
  const logs = points.map(({ x, y }) => [Math.log(x), Math.log(y)] as const);
  const mean = (of: 0 | 1): number => logs.reduce((sum, log) => sum + log[of], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const along = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return along / logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
