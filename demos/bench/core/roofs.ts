// The ceilings of a device, as ops with kernels like any other, so that they are checked and timed like any other.
// WebGPU tells no device's peak; what these reach is what "share of the roof" means.

import type { Kernel, Op, Sample } from '../../../src/graph/op.ts';
import { dispatch, input, output } from '../../../src/kernel/shader.ts';
import { flatGrid, type Target } from '../../../src/kernel/target.ts';
import type { Case } from './cases.ts';
import shader from './roofs.wgsl';

interface RoofAttrs {
  /** Numbers made. */
  readonly size: number;
  readonly iterations: number;
}

/** In an iteration of the shader's loops, with numbers and with vectors. */
const links = 64;
const loads = 8;
/** Elements that stay in a first-level cache: 8 KiB. */
const cached = 2048;

const rest = { a: 0.5, b: 1, mask: cached - 1 };
const scalars = { x: input(0), y: output(0) };
const vectorsIn = { x4: input(0), y: output(0) };

function kernel(
  entry: Exclude<keyof typeof shader.entries, 'roof_copy_vec4'>,
  bindings: typeof scalars | typeof vectorsIn,
  hooks: Record<string, string> = {},
): Kernel<RoofAttrs> {
  return {
    plan: ({ attrs: { size, iterations } }) => ({
      dispatches: [
        dispatch(shader, entry, {
          bindings: bindings as never,
          params: { size, iterations, ...rest },
          hooks: hooks as never,
          workgroups: flatGrid(size, 64),
        }),
      ],
    }),
  };
}

const base = {
  infer: (_: unknown, { size }: RoofAttrs) => [{ shape: [size], dtype: 'f32' as const }],
  grad: null,
  samples: [],
};

const multiplyAddOp: Op<RoofAttrs> = {
  ...base,
  name: 'multiply_add',
  cpu(_, [y]) {
    y!.fill(16); // 8 chains at their limit b / (1 - a)
  },
  kernels: { scalar: kernel('roof_chains', scalars), vec4: kernel('roof_chains_vec4', vectorsIn) },
  cost: ({ attrs: { size, iterations } }) => ({ flops: 2 * links * iterations * size, bytes: 0 }),
  accuracy: { kind: 'mixed', absolute: 0, relative: 1e-6 },
};

/** The solution of c = e^-c. */
const fixedPoint = 0.5671432904097838;

const exponentialsOp: Op<RoofAttrs> = {
  ...base,
  name: 'exponentials',
  cpu(_, [y]) {
    y!.fill(8 * fixedPoint);
  },
  kernels: {
    scalar: kernel('roof_chains', scalars, { link: 'exp(-c)' }),
    vec4: kernel('roof_chains_vec4', vectorsIn, { link_vec4: 'exp(-c)' }),
  },
  // As the loads below: "GFLOP/s" of this row are billions of exponentials a second.
  cost: ({ attrs: { size, iterations } }) => ({ flops: links * iterations * size, bytes: 0 }),
  // e^x is within 3 + 2x units in the last place and a chain's limit within 0.64 times as many; 8 additions.
  accuracy: { kind: 'mixed', absolute: 0, relative: 1e-6 },
};

const copyOp: Op<RoofAttrs> = {
  ...base,
  name: 'stream_copy',
  cpu([x], [y]) {
    y!.set(x!);
  },
  kernels: {
    scalar: kernel('roof_copy', scalars),
    vec4: {
      plan: ({ attrs: { size, iterations } }) => ({
        dispatches: [
          dispatch(shader, 'roof_copy_vec4', {
            bindings: { x4: input(0), y4: output(0) },
            params: { size: size / 4, iterations, ...rest },
            workgroups: flatGrid(size / 4, 64),
          }),
        ],
      }),
    },
  },
  cost: ({ attrs: { size } }) => ({ flops: 0, bytes: 8 * size }),
  accuracy: { kind: 'exact' },
};

const period = [1, 2, 3, 6];

const loadsOp: Op<RoofAttrs> = {
  ...base,
  name: 'storage_loads',
  cpu(_, [y], { attrs: { iterations } }) {
    y!.fill((loads * iterations * 12) / 4); // 12 a period, and the iterations fill whole ones
  },
  kernels: { scalar: kernel('roof_loads', scalars), vec4: kernel('roof_loads_vec4', vectorsIn) },
  // Each load counts as one operation, so that "GFLOP/s" of this row are billions of loads a second.
  cost: ({ attrs: { size, iterations } }) => ({ flops: loads * iterations * size, bytes: 0 }),
  accuracy: { kind: 'exact' },
};

/** Large enough to fill the device, small enough for one dispatch to be short. */
export function roofCases(target: Target): Case[] {
  const software = target.adapter === 'software';
  const threads = software ? 2 ** 13 : 2 ** 20;
  const iterations = software ? 32 : 128;
  // Beyond what caches hold: 50 MiB on the largest cards.
  const copied = software ? 2 ** 22 : 2 ** 24;
  const some = { shape: [8] };
  const cases: [Op<RoofAttrs>, Sample<RoofAttrs>][] = [
    [multiplyAddOp, { inputs: [some], attrs: { size: threads, iterations } }],
    [exponentialsOp, { inputs: [some], attrs: { size: threads, iterations: iterations / 2 } }],
    [copyOp, { inputs: [{ shape: [copied], fill: { below: 1000 } }], attrs: { size: copied, iterations: 1 } }],
    [loadsOp, { inputs: [{ shape: [cached], fill: { values: period } }], attrs: { size: threads, iterations } }],
  ];
  return cases.map(([op, sample]) => ({ suite: 'roofs', op, sample, shape: `[${sample.attrs.size}]` }));
}
