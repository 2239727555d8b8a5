// Padding modes as kernels see them: what replaces the hooks of shaders/lib/padding.wgsl, and how many positions of a
// padded axis can read one element.

import type { PaddingMode, WindowNd } from './window.ts';

/** Which element a position of the padded image reads; for one position at a time, and for four. */
export const sourceHooks: Readonly<Record<PaddingMode, { readonly source?: string }>> = {
  zeros: {},
  replicate: { source: 'u32(clamp(t, 0, i32(length) - 1))' },
  reflect: { source: 'u32(min(abs(t), 2 * (i32(length) - 1) - abs(t)))' },
  circular: { source: 'u32(t + select(0, i32(length), t < 0) - select(0, i32(length), t >= i32(length)))' },
};
export const sourceHooks4: Readonly<Record<PaddingMode, { readonly source4?: string }>> = {
  zeros: {},
  replicate: { source4: 'vec4u(clamp(t, vec4i(0), vec4i(i32(length) - 1)))' },
  reflect: { source4: 'vec4u(min(abs(t), 2 * (i32(length) - 1) - abs(t)))' },
  circular: {
    source4:
      'vec4u(t + select(vec4i(0), vec4i(i32(length)), t < vec4i(0)) - ' +
      'select(vec4i(0), vec4i(i32(length)), t >= vec4i(i32(length))))',
  },
};

/** Which positions of the padded image read an element. */
export const copyHooks4: Readonly<Record<PaddingMode, { readonly copy_position4?: string }>> = {
  zeros: {},
  replicate: { copy_position4: 'replicated4(h, length, number, before)' },
  reflect: { copy_position4: 'reflected4(h, length, number)' },
  circular: { copy_position4: 'wrapped4(h, length, number)' },
};
export const copyHooks: Readonly<Record<PaddingMode, { readonly copy_position?: string }>> = {
  zeros: {},
  replicate: { copy_position: 'replicated(h, length, number, before)' },
  reflect: { copy_position: 'reflected(h, length, number)' },
  circular: { copy_position: 'wrapped(h, length, number)' },
};

/** The most positions along `axis` that read one element. */
export function copiesAlong({ paddingMode, padBefore, padAfter }: WindowNd, axis: number): number {
  const padding = padBefore[axis]! + padAfter[axis]!;
  if (paddingMode === 'zeros' || padding === 0) return 1;
  return paddingMode === 'replicate' ? 1 + padding : 3;
}
