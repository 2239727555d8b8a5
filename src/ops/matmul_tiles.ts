// The tile shapes of the workgroup-memory kernels, and which of them a device gets by default.

import type { Target } from '../kernel/target.ts';
import type { MatmulSizes } from './matmul_sizes.ts';

/** The constants of shaders/matmul_tiled.wgsl. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Of the piece along k that workgroup memory holds at once. */
  readonly depth: number;
  /** 4 × 4 blocks of outputs of one thread, below each other and side by side. */
  readonly rowBlocks: 1 | 2;
  readonly columnBlocks: 1 | 2;
}

/** By rows × columns and outputs a thread: more outputs need fewer reads of workgroup memory and more registers. */
export const tiles = {
  '128x128_8x8': { rows: 128, columns: 128, depth: 8, rowBlocks: 2, columnBlocks: 2 },
  '128x64_8x4': { rows: 128, columns: 64, depth: 8, rowBlocks: 2, columnBlocks: 1 },
  '64x64_8x4': { rows: 64, columns: 64, depth: 16, rowBlocks: 2, columnBlocks: 1 },
  '32x32_4x4': { rows: 32, columns: 32, depth: 16, rowBlocks: 1, columnBlocks: 1 },
} as const satisfies Record<string, Tile>;

export type TileName = keyof typeof tiles;

export function tileThreads({ rows, columns, rowBlocks, columnBlocks }: Tile): number {
  return (rows * columns) / (16 * rowBlocks * columnBlocks);
}

/** Workgroup memory. */
function tileBytes({ rows, columns, depth }: Tile): number {
  return 16 * depth * ((rows + columns) / 4 + 1);
}

export function tileFits(tile: Tile, { limits }: Target): boolean {
  return (
    tileThreads(tile) <= limits.maxComputeInvocationsPerWorkgroup &&
    tileBytes(tile) <= limits.maxComputeWorkgroupStorageSize
  );
}

/**
 * Best first. 64 sums a thread are what cards have registers for; on Apple's GPUs 8 × 8 outputs spill and 4 × 8 are best
 * (jax-js, notes on its matmul). A software adapter pays for each barrier what 200 multiply-adds cost.
 */
const preferences: Readonly<Record<Target['adapter'], readonly TileName[]>> = {
  discrete: ['128x128_8x8', '64x64_8x4', '32x32_4x4'],
  integrated: ['128x64_8x4', '64x64_8x4', '32x32_4x4'],
  unknown: ['64x64_8x4', '32x32_4x4'],
  software: [],
};

/** Workgroups that occupy a device: a large card has some hundred cores, an integrated one tens. */
const enoughGroups = { discrete: 96, integrated: 32, unknown: 64, software: 0 };

/**
 * The largest tile that is mostly filled and leaves enough workgroups, counting those that cutting a long sum would give;
 * else the smallest, if half of it is filled. Null where no tile is worth its barriers.
 */
export function defaultTile({ m, n, k, batch }: MatmulSizes, target: Target): TileName | null {
  if (k < 16) return null;
  const possible = preferences[target.adapter].flatMap((name) => {
    const { rows, columns } = tiles[name];
    const groups = batch * Math.ceil(m / rows) * Math.ceil(n / columns);
    const filled = (batch * m * n) / (groups * rows * columns);
    return tileFits(tiles[name], target) ? [{ name, groups, filled }] : [];
  });
  const slices = Math.max(1, Math.floor(k / 1024));
  const best = possible.find(({ groups, filled }) => filled > 0.6 && groups * slices >= enoughGroups[target.adapter]);
  const smallest = possible.at(-1);
  return best?.name ?? (smallest && smallest.filled >= 0.5 ? smallest.name : null);
}
