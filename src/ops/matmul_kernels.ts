// The matmul family: which shader entry runs which shapes on which device.

import matmulShader from '../../shaders/matmul.wgsl';
import matmulQuad from '../../shaders/matmul_quad.wgsl';
import matmulTiled from '../../shaders/matmul_tiled.wgsl';
import type { Kernel } from '../graph/op.ts';
import { dispatch, type Dispatch } from '../kernel/shader.ts';
import type { Target } from '../kernel/target.ts';
import { plan, readsInFours, type FirstPass, type MatmulCall, type Unit } from './matmul_passes.ts';
import { matmulSizes, type MatmulAttrs } from './matmul_sizes.ts';
import { defaultTile, tileFits, tiles, tileThreads, type Tile, type TileName } from './matmul_tiles.ts';

export { epilogue, type Epilogue, type EpilogueAttrs } from './epilogue.ts';

/**
 * Whether a software adapter would lose by any kernel but the plain one: the others run for a whole block, and below some
 * 2¹⁴ multiply-adds that is longer than 30 µs, which is what a dispatch of the plain one takes (32 × 2 × 16 to 16 × 32 × 1).
 */
function tooSmall({ inputs, attrs }: MatmulCall, { adapter }: Target): boolean {
  const { m, n, k, batch } = matmulSizes(inputs, attrs);
  return adapter === 'software' && batch * m * n * k < 2 ** 14;
}

const onSoftware = (call: MatmulCall, target: Target): boolean =>
  target.adapter === 'software' && !tooSmall(call, target);

/**
 * The 32 × 32 quad is a sixth faster on a software adapter, which compiles it for a quarter of a second longer: products
 * of 2²³ multiply-adds and more pay that back within some 600 runs, large ones at once.
 */
function worthLongCompiling({ inputs, attrs }: MatmulCall): boolean {
  const { m, n, k, batch } = matmulSizes(inputs, attrs);
  return m >= 32 && n >= 32 && batch * m * n * k >= 2 ** 23;
}

/**
 * A quad is four invocations. Where there are few tiles, a software adapter's cores share them evenly only if groups are
 * small, and the last group has few that compute nothing.
 */
const quadGroup = (units: number, { adapter }: Target) => (adapter === 'software' && units < 512 ? 4 : 16);
const quad16: Unit = { rows: 16, columns: 16, threads: 4, group: quadGroup };
const quad32: Unit = { rows: 32, columns: 32, threads: 4, group: quadGroup };
const block4x8: Unit = { rows: 4, columns: 8, threads: 1, group: () => 64 };
const block8x8: Unit = { rows: 8, columns: 8, threads: 1, group: () => 64 };
const one: Unit = { rows: 1, columns: 1, threads: 1, group: () => 64 };

function tiled(tile: Tile, entry: 'matmul_tiled' | 'matmul_tiled_scalar'): Kernel<MatmulAttrs>['plan'] {
  const { rows, columns } = tile;
  const unit: Unit = { rows, columns, threads: tileThreads(tile), group: () => 1 };
  const shape = {
    TILE_ROWS: rows,
    TILE_COLUMNS: columns,
    DEPTH: tile.depth,
    ROW_BLOCKS: tile.rowBlocks,
    COLUMN_BLOCKS: tile.columnBlocks,
    THREADS: unit.threads,
  };
  return plan(unit, ({ call, constants, hooks, hooks4, bindings, bindings4 }) => {
    const all = { ...constants, ...shape };
    return entry === 'matmul_tiled'
      ? dispatch(matmulTiled, entry, { ...call, bindings: bindings4, constants: all, hooks: hooks4 })
      : dispatch(matmulTiled, entry, { ...call, bindings, constants: all, hooks });
  });
}

/** Copies in fours. */
function tiledFours(name: TileName): Kernel<MatmulAttrs> {
  return {
    large: true,
    fits: (call, target) => readsInFours(call) && tileFits(tiles[name], target),
    preferred: ({ inputs, attrs }, target) => defaultTile(matmulSizes(inputs, attrs), target) === name,
    plan: tiled(tiles[name], 'matmul_tiled'),
  };
}

/** Copies number by number, for sizes that are no multiples of four: where one of `defaults` would be the tile otherwise. */
function tiledScalar(tile: Tile, defaults: readonly TileName[]): Kernel<MatmulAttrs> {
  return {
    large: true,
    fits: (_, target) => tileFits(tile, target),
    preferred({ inputs, attrs }, target) {
      const best = defaultTile(matmulSizes(inputs, attrs), target);
      return best !== null && defaults.includes(best);
    },
    plan: tiled(tile, 'matmul_tiled_scalar'),
  };
}

const inQuads = ({ call, constants, hooks4, bindings4, group }: FirstPass): Dispatch =>
  dispatch(matmulQuad, 'matmul_quad', {
    ...call,
    bindings: bindings4,
    constants: { ...constants, WORKGROUP_SIZE: 4 * group },
    hooks: hooks4,
  });

export const matmulKernels: Record<string, Kernel<MatmulAttrs>> = {
  /** Tiles in workgroup memory: for GPUs, and products that fill tiles. */
  tiled_128x128_8x8: tiledFours('128x128_8x8'),
  tiled_128x64_8x4: tiledFours('128x64_8x4'),
  tiled_64x64_8x4: tiledFours('64x64_8x4'),
  tiled_32x32_4x4: tiledFours('32x32_4x4'),
  tiled_scalar_64x64: tiledScalar({ ...tiles['64x64_8x4'], depth: 8 }, ['128x128_8x8', '128x64_8x4', '64x64_8x4']),
  tiled_scalar_32x32: tiledScalar(tiles['32x32_4x4'], ['32x32_4x4']),

  /** Quads of a subgroup trade columns: fewest loads for each multiply-add, without workgroup memory. */
  quad_32: {
    large: true,
    fits: (call, { features }) => features.has('subgroups') && readsInFours(call),
    preferred: (call, target) => onSoftware(call, target) && worthLongCompiling(call),
    plan: plan(
      quad32,
      ({ call, constants, hooks4, bindings4, group }) =>
        dispatch(matmulQuad, 'matmul_quad_32', {
          ...call,
          bindings: bindings4,
          constants: { ...constants, WORKGROUP_SIZE: 4 * group },
          hooks: hooks4,
        }),
      { unit: quad16, describe: inQuads },
    ),
  },
  quad: {
    fits: (call, { features }) => features.has('subgroups') && readsInFours(call),
    preferred: onSoftware,
    plan: plan(quad16, inQuads),
  },

  /** Blocks of outputs kept in a thread's registers: no subgroups and no workgroup memory needed. */
  register_8x8: {
    fits: readsInFours,
    preferred(call, target) {
      const { m, n } = matmulSizes(call.inputs, call.attrs);
      return onSoftware(call, target) && m >= 16 && n >= 16;
    },
    plan: plan(block8x8, ({ call, constants, hooks4, bindings4 }) =>
      dispatch(matmulShader, 'matmul_register_8x8', { ...call, bindings: bindings4, constants, hooks: hooks4 }),
    ),
  },
  register: {
    fits: readsInFours,
    preferred: (call, target) => !tooSmall(call, target),
    plan: plan(block4x8, ({ call, constants, hooks4, bindings4 }) =>
      dispatch(matmulShader, 'matmul_register', { ...call, bindings: bindings4, constants, hooks: hooks4 }),
    ),
  },

  quad_scalar: {
    fits: (_, { features }) => features.has('subgroups'),
    preferred: onSoftware,
    plan: plan(quad16, ({ call, constants, hooks, bindings, group }) =>
      dispatch(matmulQuad, 'matmul_quad_scalar', {
        ...call,
        bindings,
        constants: { ...constants, WORKGROUP_SIZE: 4 * group },
        hooks,
      }),
    ),
  },
  register_scalar: {
    preferred: (call, target) => !tooSmall(call, target),
    plan: plan(block4x8, ({ call, constants, hooks, bindings }) =>
      dispatch(matmulShader, 'matmul_register_scalar', { ...call, bindings, constants, hooks }),
    ),
  },
  naive: {
    plan: plan(one, ({ call, constants, hooks, bindings }) =>
      dispatch(matmulShader, 'matmul_naive', { ...call, bindings, constants, hooks }),
    ),
  },
};
