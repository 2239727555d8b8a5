// The matmul family: which shader entry runs which shapes, and how a long inner sum is cut into slices.

import matmulShader from '../../shaders/matmul.wgsl';
import matmulQuad from '../../shaders/matmul_quad.wgsl';
import type { CallTypes, Kernel, KernelPlan } from '../graph/op.ts';
import { dispatch, input, output, scratch, type BufferRef, type Dispatch } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { activations, type EpilogueActivation } from './activations.ts';
import { matmulSizes, type MatmulAttrs, type MatmulSizes } from './matmul_sizes.ts';

type MatmulCall = CallTypes<MatmulAttrs>;

/** What the planner may set of an op that takes an epilogue; `residual` is absent where the op takes none. */
export interface EpilogueAttrs {
  readonly bias: boolean;
  readonly residual?: boolean;
  readonly activation: EpilogueActivation | null;
}

/**
 * Constants and hooks of the epilogue `activate(sum + bias + residual)`, and what is bound: where there is no bias or no
 * residual, input 1 stands in and is not read. HAS_RESIDUAL is a constant of shaders whose op takes a residual.
 */
export interface Epilogue {
  readonly constants: { readonly HAS_BIAS: boolean; readonly HAS_RESIDUAL?: boolean };
  /** For entries that store one number, and for those that store four. */
  readonly hooks: { readonly activate?: string };
  readonly hooks4: { readonly activate4?: string };
  readonly bias: BufferRef;
  readonly residual: BufferRef;
}

/** The epilogue of a call with two inputs before the bias. */
export function epilogue({ bias, residual, activation: name }: EpilogueAttrs): Epilogue {
  const activation = name ? activations[name] : null;
  return {
    constants: { HAS_BIAS: bias, ...(residual === undefined ? {} : { HAS_RESIDUAL: residual }) },
    hooks: activation ? { activate: activation.wgsl! } : {},
    hooks4: activation ? { activate4: activation.wgsl4! } : {},
    bias: bias ? input(2) : input(1),
    residual: residual ? input(bias ? 3 : 2) : input(1),
  };
}

interface Slices {
  readonly slices: number;
  readonly k_per_slice: number;
}

const whole = ({ k }: MatmulSizes): Slices => ({ slices: 1, k_per_slice: Math.ceil(k / 4) * 4 });

/**
 * Few outputs and a long sum leave a GPU idle, so the sum is cut until there are enough blocks of work. A software
 * adapter has few threads to feed: smaller workgroups serve it as well, without a second pass.
 */
function cut(sizes: MatmulSizes, blocks: number, target: Target): Slices {
  if (target.adapter === 'software') return whole(sizes);
  const wanted = 256;
  const slices = Math.min(Math.ceil(wanted / (blocks * sizes.batch)), Math.floor(sizes.k / 128));
  if (slices <= 1) return whole(sizes);
  const perSlice = Math.ceil(sizes.k / slices / 4) * 4;
  return { slices: Math.ceil(sizes.k / perSlice), k_per_slice: perSlice };
}

/** The params every entry shares. */
function params({ m, n, k, batch, batchStrideA, batchStrideB }: MatmulSizes, slices: Slices) {
  return { m, n, k, batch, a_batch_stride: batchStrideA, b_batch_stride: batchStrideB, ...slices };
}

/** What the reader of four numbers at a time needs of the shapes. */
function readsInFours({ inputs, attrs }: MatmulCall): boolean {
  const { m, n, k } = matmulSizes(inputs, attrs);
  const { transposeA, transposeB } = attrs;
  return n % 4 === 0 && (!transposeA || m % 4 === 0) && (k % 4 === 0 || (transposeA && !transposeB));
}

/** What the pass that multiplies is told, of all the sums or of one slice each. */
interface FirstPass extends Epilogue {
  readonly parameters: ReturnType<typeof params>;
  readonly workgroups: [number, number, number];
  /** Blocks to a workgroup. */
  readonly group: number;
  readonly c: BufferRef;
  readonly transposes: { readonly A_TRANSPOSED: boolean; readonly B_TRANSPOSED: boolean };
}

/** A quad is four invocations. Where there are few tiles, a software adapter's cores share them only if groups are small. */
const quadsInGroup = (tiles: number, { adapter }: Target) => (adapter === 'software' && tiles < 64 ? 4 : 16);

/**
 * A kernel from its entry: `blocks` counts the units of work of one product, `group` how many of them a workgroup
 * does. With several slices a second pass adds them up and has the epilogue.
 */
function sliced(
  size: { rows: number; columns: number; group: (blocks: number, target: Target) => number },
  describe: (pass: FirstPass) => Dispatch,
): (call: MatmulCall, target: Target) => KernelPlan {
  return (call, target) => {
    const sizes = matmulSizes(call.inputs, call.attrs);
    const { m, n, batch } = sizes;
    const blocks = Math.ceil(m / size.rows) * Math.ceil(n / size.columns);
    const slices = cut(sizes, blocks, target);
    const group = size.group(blocks * batch * slices.slices, target);
    const [x, y] = flatGrid(blocks, group);
    const single = slices.slices === 1;
    const first = describe({
      parameters: params(sizes, slices),
      workgroups: [x, y, batch * slices.slices],
      group,
      c: single ? output(0) : scratch(0),
      transposes: { A_TRANSPOSED: call.attrs.transposeA, B_TRANSPOSED: call.attrs.transposeB },
      // The epilogue belongs to the last pass only.
      ...epilogue(single ? call.attrs : { bias: false, residual: false, activation: null }),
    });
    if (single) return { dispatches: [first] };
    const { constants, hooks, bias, residual } = epilogue(call.attrs);
    const [sumX, sumY] = flatGrid(m * n, 64);
    const sum = dispatch(matmulShader, 'matmul_sum_slices', {
      bindings: { partial: scratch(0), bias, residual, c: output(0) },
      params: params(sizes, slices),
      constants,
      hooks,
      workgroups: [sumX, sumY, batch],
    });
    return { dispatches: [first, sum], scratch: [4 * batch * slices.slices * m * n] };
  };
}

const large = ({ inputs, attrs }: MatmulCall): boolean => {
  const { m, n, k } = matmulSizes(inputs, attrs);
  return m >= 48 && n >= 32 && k >= 32;
};

export const matmulKernels: Record<string, Kernel<MatmulAttrs>> = {
  /** Tiles shared through workgroup memory: for cards with real workgroup memory, and products that fill tiles. */
  tiled: {
    preferred: (call, { adapter }) => adapter !== 'software' && large(call),
    plan: sliced({ rows: 64, columns: 64, group: () => 1 }, (pass) =>
      dispatch(matmulShader, 'matmul_tiled', {
        bindings: { a: input(0), b: input(1), bias: pass.bias, residual: pass.residual, c: pass.c },
        params: pass.parameters,
        constants: { ...pass.constants, ...pass.transposes },
        hooks: pass.hooks,
        workgroups: pass.workgroups,
      }),
    ),
  },

  /** Quads of a subgroup trade columns: fewest loads for each multiply-add, without workgroup memory. */
  quad: {
    fits: (call, { features }) => features.has('subgroups') && readsInFours(call),
    plan: sliced({ rows: 16, columns: 16, group: quadsInGroup }, (pass) =>
      dispatch(matmulQuad, 'matmul_quad', {
        bindings: { a4: input(0), b4: input(1), bias4: pass.bias, residual4: pass.residual, c4: pass.c },
        params: pass.parameters,
        constants: { ...pass.constants, ...pass.transposes, WORKGROUP_SIZE: 4 * pass.group },
        hooks: pass.hooks4,
        workgroups: pass.workgroups,
      }),
    ),
  },

  /** Blocks of 4 × 8 outputs kept in a thread's registers: no subgroups and no workgroup memory needed. */
  register: {
    fits: readsInFours,
    plan: sliced({ rows: 4, columns: 8, group: () => 64 }, (pass) =>
      dispatch(matmulShader, 'matmul_register', {
        bindings: { a4: input(0), b4: input(1), bias4: pass.bias, residual4: pass.residual, c4: pass.c },
        params: pass.parameters,
        constants: { ...pass.constants, ...pass.transposes },
        hooks: pass.hooks4,
        workgroups: pass.workgroups,
      }),
    ),
  },

  quad_scalar: {
    fits: (_, { features }) => features.has('subgroups'),
    plan: sliced({ rows: 16, columns: 16, group: quadsInGroup }, (pass) =>
      dispatch(matmulQuad, 'matmul_quad_scalar', {
        bindings: { a: input(0), b: input(1), bias: pass.bias, residual: pass.residual, c: pass.c },
        params: pass.parameters,
        constants: { ...pass.constants, ...pass.transposes, WORKGROUP_SIZE: 4 * pass.group },
        hooks: pass.hooks,
        workgroups: pass.workgroups,
      }),
    ),
  },

  register_scalar: {
    plan: sliced({ rows: 4, columns: 8, group: () => 64 }, (pass) =>
      dispatch(matmulShader, 'matmul_register_scalar', {
        bindings: { a: input(0), b: input(1), bias: pass.bias, residual: pass.residual, c: pass.c },
        params: pass.parameters,
        constants: { ...pass.constants, ...pass.transposes },
        hooks: pass.hooks,
        workgroups: pass.workgroups,
      }),
    ),
  },

  naive: {
    plan(call) {
      const sizes = matmulSizes(call.inputs, call.attrs);
      const { constants, hooks, bias, residual } = epilogue(call.attrs);
      const [x, y] = flatGrid(sizes.m * sizes.n, 64);
      const described = dispatch(matmulShader, 'matmul_naive', {
        bindings: { a: input(0), b: input(1), bias, residual, c: output(0) },
        params: params(sizes, whole(sizes)),
        constants: { ...constants, A_TRANSPOSED: call.attrs.transposeA, B_TRANSPOSED: call.attrs.transposeB },
        hooks,
        workgroups: [x, y, sizes.batch],
      });
      return { dispatches: [described] };
    },
  },
};
