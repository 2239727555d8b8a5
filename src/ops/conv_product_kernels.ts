// The kernels that convolutions of every rank and their input's gradients share: which runs which shapes.

import quadShader from '../../shaders/conv_nd_quad.wgsl';
import registerShader from '../../shaders/conv_nd_register.wgsl';
import tiledShader from '../../shaders/conv_nd_tiled.wgsl';
import type { CallTypes, Kernel, KernelPlan } from '../graph/op.ts';
import { dispatch, input, output, type BufferRef, type Dispatch } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { columnsOf, planProduct, termsOf, zeros, type ConvPlan, type ConvProduct } from './conv_product.ts';
import { epilogue, type Epilogue } from './epilogue.ts';
import { copyHooks4, sourceHooks4 } from './padding.ts';

/** What a dispatch of any of these kernels is told. */
export interface Told {
  readonly bindings: Record<'first' | 'weights' | 'bias' | 'residual' | 'result', BufferRef>;
  readonly params: ConvPlan['params'];
  readonly constants: ConvPlan['constants'] & { readonly HAS_RESIDUAL: boolean };
  readonly hooks: Epilogue['hooks4'] & { readonly source4?: string; readonly copy_position4?: string };
  readonly workgroups: [number, number, number];
}

const subgroups = ({ features }: Target) => features.has('subgroups');

const inFours = (product: ConvProduct): boolean => termsOf(product) % 4 === 0 && columnsOf(product) % 4 === 0;

/** Kernels that take long to compile leave the other modes, which few networks have, to the others. */
const padsWithZeros = ({ sizes }: ConvProduct): boolean => sizes.window.paddingMode === 'zeros';

/** Enough multiplications that a larger tile pays for its longer compilation. */
function isLong(product: ConvProduct): boolean {
  const { rows, terms } = planProduct(product);
  return rows * terms * columnsOf(product) * product.sizes.groups >= 2 ** 22;
}

/** Enough rows to fill tiles of so many, and a sum worth fetching for. */
function isTall(product: ConvProduct, tileRows: number): boolean {
  const { rows, terms, phases } = planProduct(product);
  return rows >= tileRows && terms / phases >= 32;
}

/** For kernels where the tests that these constants spare cost nothing that can be measured: fewer pipelines. */
const general = (constants: Told['constants']): Told['constants'] => ({
  ...constants,
  VOLUME: true,
  EDGES: Math.max(constants.EDGES, zeros),
});

/** For entries that read four numbers at a time. */
export const fours = ({ bindings, params, constants, hooks, workgroups }: Told) => ({
  bindings: {
    image4: bindings.first,
    weights4: bindings.weights,
    bias4: bindings.bias,
    residual4: bindings.residual,
    result4: bindings.result,
  },
  params,
  constants,
  hooks,
  workgroups,
});

/** For entries that read one number at a time: all of these take the general constants. */
export const singles = ({ bindings: { first, ...bindings }, params, constants, hooks, workgroups }: Told) => ({
  bindings: { image: first, ...bindings },
  params,
  constants: general(constants),
  hooks,
  workgroups,
});

/** One dispatch. `units` counts the units of work of so many rows, and how many of them a workgroup does. */
export function planOfProduct(
  product: ConvProduct,
  units: (rows: number, product: ConvProduct) => readonly [count: number, group: number],
  describe: (told: Told) => Dispatch,
): KernelPlan {
  const { params, constants, phases, rows } = planProduct(product);
  const {
    constants: { HAS_RESIDUAL },
    hooks4,
    bias,
    residual,
  } = epilogue(product.epilogue);
  const mode = product.transposed ? copyHooks4 : sourceHooks4;
  const [x, y] = flatGrid(...units(rows, product));
  const described = describe({
    bindings: { first: input(0), weights: input(1), bias, residual, result: output(0) },
    params,
    constants: { ...constants, HAS_RESIDUAL },
    hooks: { ...hooks4, ...(constants.EDGES > zeros ? mode[product.sizes.window.paddingMode] : {}) },
    workgroups: [x, y, phases],
  });
  return { dispatches: [described] };
}

/** Tiles of so many rows and columns, each within a group, and how many of them a workgroup does. */
const inTiles =
  (tileRows: number, tileColumns: number, group: number) =>
  (rows: number, product: ConvProduct): [number, number] => [
    Math.ceil(rows / tileRows) * Math.ceil(columnsOf(product) / tileColumns) * product.sizes.groups,
    group,
  ];

/** For the forward pass only: images of one to three channels, read one number at a time. */
export function thinKernels<A>(productOf: (call: CallTypes<A>) => ConvProduct): Record<string, Kernel<A>> {
  return {
    quad_thin: {
      fits: (call, target) => subgroups(target) && termsOf(productOf(call)) < 4 && columnsOf(productOf(call)) % 4 === 0,
      preferred: (call, { adapter }) => adapter === 'software' || columnsOf(productOf(call)) < 24,
      plan: (call) =>
        planOfProduct(productOf(call), inTiles(16, 16, 16), (told) => {
          const { bindings, ...rest } = fours(told);
          const { image4: image, ...others } = bindings;
          return dispatch(quadShader, 'conv_nd_quad_thin', { bindings: { image, ...others }, ...rest });
        }),
    },
  };
}

/** The kernels for an op whose calls `productOf` sees as products; the image or dy is input 0, the filters input 1. */
export function productKernels<A>(productOf: (call: CallTypes<A>) => ConvProduct): Record<string, Kernel<A>> {
  type Call = CallTypes<A>;
  const fits4 = (call: Call) => inFours(productOf(call));
  const fitsOnly1 = (call: Call) => !fits4(call);
  const quadFits4 = (call: Call, target: Target) => subgroups(target) && fits4(call);

  return {
    tiled_64x64: {
      large: true,
      fits: (call) => fits4(call) && padsWithZeros(productOf(call)),
      preferred: (call, { adapter }) =>
        adapter !== 'software' && isTall(productOf(call), 64) && columnsOf(productOf(call)) >= 24,
      plan: (call) =>
        planOfProduct(productOf(call), inTiles(64, 64, 1), (told) =>
          dispatch(tiledShader, 'conv_nd_tiled', {
            ...fours(told),
            constants: { ...general(told.constants) },
          }),
        ),
    },
    quad_wide: {
      large: true,
      fits: (call, target) => quadFits4(call, target) && padsWithZeros(productOf(call)),
      preferred: (call) => isLong(productOf(call)) && columnsOf(productOf(call)) > 16,
      plan: (call) =>
        planOfProduct(productOf(call), inTiles(16, 32, 16), (told) =>
          dispatch(quadShader, 'conv_nd_quad_wide', {
            ...fours(told),
            constants: { ...told.constants, EDGES: Math.max(told.constants.EDGES, zeros) },
          }),
        ),
    },
    quad: {
      fits: quadFits4,
      plan: (call) =>
        planOfProduct(productOf(call), inTiles(16, 16, 16), (told) =>
          dispatch(quadShader, 'conv_nd_quad', fours(told)),
        ),
    },
    register: {
      fits: fits4,
      plan: (call) =>
        planOfProduct(productOf(call), inTiles(4, 8, 64), (told) =>
          dispatch(registerShader, 'conv_nd_register', { ...fours(told), constants: general(told.constants) }),
        ),
    },
    quad_scalar: {
      large: true,
      fits: (call, target) => subgroups(target) && fitsOnly1(call) && padsWithZeros(productOf(call)),
      plan: (call) =>
        planOfProduct(productOf(call), inTiles(16, 16, 16), (told) =>
          dispatch(quadShader, 'conv_nd_quad_scalar', singles(told)),
        ),
    },
    register_scalar: {
      fits: fitsOnly1,
      plan: (call) =>
        planOfProduct(productOf(call), inTiles(4, 8, 64), (told) =>
          dispatch(registerShader, 'conv_nd_register_scalar', singles(told)),
        ),
    },
  };
}
