// Layers one after the other: shapes, parameters, work and what one output sees, all from `explain`.

import type { Misfit } from '../../src/core/errors.ts';
import { explain } from '../../src/ops/explain.ts';
import type { ConvExplanation, PoolExplanation, ReceptiveField } from '../../src/ops/explain_types.ts';
import { receptiveField } from '../../src/ops/receptive_field.ts';
import { misfitOf } from './arithmetic.ts';

export const kinds = ['conv', 'max', 'average'] as const;

export interface StackLayer {
  readonly kind: (typeof kinds)[number];
  /** 0 in a pooling. */
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** As links hold a stack: kind (1 to 3), filters, kernel, stride, padding of each layer. What makes no sense is mended. */
export function layersOf(numbers: readonly number[]): StackLayer[] {
  return Array.from({ length: Math.floor(numbers.length / 5) }, (_, i) => {
    const [kind, filters, kernel, stride, padding] = numbers.slice(5 * i, 5 * i + 5).map(Math.round) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const name = kinds[kind - 1] ?? 'conv';
    return {
      kind: name,
      filters: name === 'conv' ? Math.max(filters, 1) : 0,
      kernel: Math.max(kernel, 1),
      stride: Math.max(stride, 1),
      padding,
    };
  });
}

export const numbersOfLayers = (layers: readonly StackLayer[]): number[] =>
  layers.flatMap(({ kind, filters, kernel, stride, padding }) => [
    kinds.indexOf(kind) + 1,
    filters,
    kernel,
    stride,
    padding,
  ]);

export interface StackRow {
  readonly layer: StackLayer;
  readonly explanation: ConvExplanation | PoolExplanation;
  /** What an element of this layer's output sees of the stack's input. */
  readonly sees: readonly ReceptiveField[];
}

/** Up to the first layer that has no result, and why. */
export function stackOf(
  input: readonly number[],
  layers: readonly StackLayer[],
): { rows: StackRow[]; impossible: Misfit | null } {
  const rows: StackRow[] = [];
  let inputShape = input.map(Math.round);
  for (const layer of layers) {
    const { kind, filters, kernel, stride, padding } = layer;
    const shared = { inputShape, strides: stride, padding };
    try {
      const explanation =
        kind === 'conv'
          ? explain({ op: 'conv2d', ...shared, filters, kernelSize: kernel })
          : explain({ op: kind === 'max' ? 'maxPool2d' : 'averagePool2d', ...shared, poolSize: kernel });
      rows.push({ layer, explanation, sees: receptiveField([...rows.map((row) => row.explanation), explanation]) });
      inputShape = explanation.outputShape.slice(1);
    } catch (error) {
      return { rows, impossible: misfitOf(error) };
    }
  }
  return { rows, impossible: null };
}
