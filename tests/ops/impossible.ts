// Levels and pairs of options that no sample has, each with its reason and a proof: what refuses it, or that it is never
// made. tests/ops/samples.test.ts runs the proofs and finds entries that are not needed.

import { expect } from 'vitest';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { constantTensor, inputTensor, type Tensor, type TensorType } from '../../src/graph/tensor.ts';
import { collectCalls } from '../../src/graph/walk.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import {
  adaptiveAveragePool2d,
  add,
  averagePool3d,
  cast,
  conv1d,
  conv3d,
  gatherBatch,
  gru,
  hardTanh,
  l2Pool1d,
  matmul,
  maxPool2d,
  maxPool3d,
  maxPool3dWithIndices,
  ops,
  pad,
  reshape,
  resize,
  rnn,
  scatterElements,
  sumPool2d,
  transpose,
} from '../../src/ops/index.ts';
import { fusedAttrs, type FusedMember } from '../../src/ops/fused_text.ts';
import { mixedStorage } from '../../src/plan/mixed.ts';
import { window2d, windowNd, windowVolume, type WindowNdOptions } from '../../src/ops/window.ts';
import { baseOf, optionsOf, optionTable } from './option_table.ts';
import { fitting, perAxis, placesOf } from './options.ts';
import { allFeatures, callTypes } from './table.ts';

export interface Impossible {
  /** Names of ops; an op over halves goes by the name of the op it stands for. */
  readonly ops: RegExp;
  /** `option=level`: a level that no call has, or two that none has together. */
  readonly at: readonly [RegExp] | readonly [RegExp, RegExp];
  readonly because: string;
  /** Throws if it is possible after all. */
  proof(): void;
}

const x = (...shape: number[]) => inputTensor('x', shape);
const made = (tensor: Tensor): { name: string; attrs: unknown } => {
  const { source } = tensor;
  return source.kind === 'call'
    ? { name: source.call.op.name, attrs: source.call.attrs }
    : { name: source.kind, attrs: null };
};
const unknownOption = (call: () => unknown, name: string) => {
  expect(call).toThrow(OptionError);
  expect(call).toThrow(name);
};
const infers = (name: string, shape: readonly number[], attrs: unknown, dtype: TensorType['dtype'] = 'f32') => {
  return () => ops[name]!.infer([{ shape, dtype }], attrs);
};
const volume = (lengths: number[], options: WindowNdOptions) => ({
  regions: { window: windowVolume(windowNd('x', lengths, options)) },
});

const modes = ['replicate', 'reflect', 'circular'] as const;
const notZeros = /paddingMode=(replicate|reflect|circular)$/;

const noSlopeWith = (attrs: object) => {
  const plain = { transposeA: false, transposeB: false, bias: false, residual: true, activation: null };
  const types = Array.from({ length: 4 }, (): TensorType => ({ shape: [2, 2], dtype: 'f32' }));
  expect(() => ops['matmul']!.infer(types, { ...plain, slope: 'tanh', ...attrs })).toThrow(OptionError);
};
const noGroupOf = (results: number, reduction: 'mean' | null) => {
  const operands = [{ kind: 'input' as const, index: 0, shape: [4] }];
  const members = Array.from({ length: 4 }, (): FusedMember => {
    return { op: ops['relu']!, attrs: {}, operands, type: { shape: [4], dtype: 'f32' } };
  });
  const outputs = Array.from({ length: results }, (_, i) => i);
  if (reduction) {
    const of = [{ kind: 'member' as const, index: 0, shape: [4] }];
    const total: FusedMember = {
      op: ops[reduction]!,
      attrs: { axis: 0 },
      operands: of,
      type: { shape: [], dtype: 'f32' },
    };
    outputs.push(members.push(total) - 1);
  }
  expect(infers('fused_elementwise', [4], fusedAttrs(members, outputs))).toThrow(ShapeError);
};

export const impossible: readonly Impossible[] = [
  // --- epilogues
  ...(
    [
      [/residual=false$/, { residual: false }],
      [/bias=true$/, { bias: true }],
      [/activation=(relu|sigmoid|tanh)$/, { activation: 'relu' }],
    ] as const
  ).map(([other, attrs]): Impossible => ({
    ops: /^(matmul|(conv2d|conv_nd)(_grad_input)?)$/,
    at: [/slope=(relu|sigmoid|tanh)$/, other],
    because: 'the slope of an activation is the last of a gradient, and the residual says where on it',
    proof: () => noSlopeWith(attrs),
  })),
  // --- groups of elementwise ops
  {
    ops: /^fused_elementwise$/,
    at: [/total=none$/, /results=0$/],
    because: 'a group gives something',
    proof: () => noGroupOf(0, null),
  },
  {
    ops: /^fused_elementwise$/,
    at: [/total=(sum|mean)$/, /results=4$/],
    because: 'a total is one of four results',
    proof: () => noGroupOf(4, 'mean'),
  },
  // --- pooling
  {
    ops: /_pool_/,
    at: [notZeros],
    because: 'pooling takes no padding mode: what padding adds never wins a maximum and adds nothing to a sum',
    proof() {
      for (const paddingMode of modes) {
        const options = { poolSize: 2, padding: 1, paddingMode } as never;
        for (const call of [
          () => maxPool2d(x(1, 4, 4, 1), options),
          () => sumPool2d(x(1, 4, 4, 1), options),
          () => l2Pool1d(x(1, 4, 1), options),
          () => averagePool3d(x(1, 4, 4, 4, 1), options),
          () => maxPool3dWithIndices(x(1, 4, 4, 4, 1), options),
        ]) {
          unknownOption(call, 'paddingMode');
        }
      }
    },
  },
  {
    ops: /_pool_2d/,
    at: [/dilation=(equal|unequal)$/],
    because: 'windows with dilation are pooled by the ops for volumes',
    proof() {
      const window = window2d('x', [5, 5], { poolSize: 2, dilationRate: 2 });
      expect(infers('max_pool_2d', [1, 5, 5, 1], window)).toThrow(ShapeError);
      expect(infers('average_pool_2d', [1, 5, 5, 1], { window, count: 'inside' })).toThrow(ShapeError);
      expect(made(maxPool2d(x(1, 5, 5, 1), { poolSize: 2, dilationRate: 2 })).name).toBe('reshape');
    },
  },
  {
    ops: /_pool_2d/,
    at: [/kernel=ones$/, /pad(Before|After)=(equal|unequal)$/],
    because: 'a window of one element in the padding would be empty',
    proof() {
      for (const padding of [
        [
          [1, 0],
          [0, 0],
        ],
        [
          [0, 1],
          [0, 0],
        ],
      ] as const) {
        // prettier-ignore
        expect(() => maxPool2d(x(1, 5, 5, 1), { poolSize: 1, strides: 1, padding })).toThrow(ShapeError);
        const window = window2d('x', [5, 5], { poolSize: 1, padding });
        expect(infers('average_pool_2d', [1, 5, 5, 1], { window, count: 'one' })).toThrow(ShapeError);
      }
    },
  },
  {
    ops: /_pool_3d/,
    at: [/kernel=ones$/, /padBefore=(equal|unequal)$/],
    because: 'the first window, of one element in the padding, would be empty',
    proof() {
      const padding = [[1, 0], [0, 0], [0, 0]] as const; // prettier-ignore
      expect(() => maxPool3d(x(1, 4, 4, 4, 1), { poolSize: 1, strides: 2, padding })).toThrow(ShapeError);
      expect(infers('max_pool_3d', [1, 4, 4, 4, 1], volume([4, 4, 4], { poolSize: 1, padding }))).toThrow(ShapeError);
    },
  },
  {
    ops: /^average_pool_3d/,
    at: [/adaptive=true$/, /count=(padded|one)$/],
    because: 'parts of the whole have no padding to count, and there is no adaptive sum',
    proof: () =>
      unknownOption(
        () => adaptiveAveragePool2d(x(1, 4, 4, 1), { outputSize: 2, countIncludePad: true } as never),
        'countIncludePad',
      ),
  },

  // --- convolution
  {
    ops: /^(im2col|col2im|conv2d.*)$/,
    at: [notZeros, /ceilMode=true$/],
    because: 'a window that hangs over the padding has no rule but zeros',
    proof() {
      for (const paddingMode of modes) {
        expect(() => window2d('x', [6, 6], { kernelSize: 3, strides: 2, ceilMode: true, paddingMode })).toThrow(
          OptionError,
        );
      }
    },
  },
  {
    ops: /^conv_nd/,
    at: [/ceilMode=true$/],
    because: 'convolutions take no ceilMode; a window made by hand has two axes and goes through im2col',
    proof() {
      const options = { ceilMode: true } as never;
      unknownOption(() => conv1d(x(1, 5, 2), x(3, 2, 4), options), 'ceilMode');
      unknownOption(() => conv3d(x(1, 5, 5, 5, 2), x(3, 3, 3, 2, 4), options), 'ceilMode');
    },
  },
  {
    ops: /^conv_nd/,
    at: [/(kernel|strides|dilation|padBefore|padAfter)=unequal$/, /rank=1$/],
    because: 'one axis has no other to differ from',
    proof() {
      for (const n of [1, 2, 3, 4]) expect(perAxis.level([n])).not.toBe('unequal');
      const call = { inputs: [], outputs: [], attrs: { window: { padBefore: [3], padAfter: [2] } } };
      expect(optionTable['conv_nd']!['window.padBefore']!.of(call)).toBe('equal');
      expect(optionTable['conv_nd']!['window.padAfter']!.of(call)).toBe('equal');
    },
  },

  {
    ops: /^(add|relu_grad|leaky_relu_grad|silu_grad|gelu_grad|tanh_grad|sigmoid_grad|max_pool_2d_grad|normalize_grad)$/,
    at: [/input 0=f32$/, /input 1=f32$/],
    because: 'an op that reads f32 alone is not made one over halves',
    proof() {
      const y = add(x(2, 4), x(2, 4));
      expect(mixedStorage(collectCalls([y]), []).map(({ op }) => op.name)).toEqual(['add']);
      const product = add(matmul(x(2, 4), x(4, 4)), x(2, 4));
      const after = collectCalls([reshape(product, [8])]);
      expect(mixedStorage(after, []).map(({ op }) => op.name)).toContain('add_f16');
    },
  },

  // --- elementwise, data movement
  {
    ops: /^hard_tanh(_grad)?$/,
    at: [/min=(zero|positive)$/, /max=negative$/],
    because: 'the least exceeds the most',
    proof() {
      expect(() => hardTanh(x(3), { min: 0, max: -1 })).toThrow(OptionError);
      expect(() => hardTanh(x(3), { min: 1, max: -1 })).toThrow(OptionError);
    },
  },
  {
    ops: /^hard_tanh(_grad)?$/,
    at: [/min=positive$/, /max=zero$/],
    because: 'the least exceeds the most',
    proof: () => expect(() => hardTanh(x(3), { min: 1, max: 0 })).toThrow(OptionError),
  },
  {
    ops: /^cast$/,
    at: [/dtype=f32$/, /from=f32$/],
    because: 'a cast to the dtype there is gives x itself',
    proof: () => givesItself('f32'),
  },
  {
    ops: /^cast$/,
    at: [/dtype=i32$/, /from=i32$/],
    because: 'a cast to the dtype there is gives x itself',
    proof: () => givesItself('i32'),
  },
  {
    ops: /^cast$/,
    at: [/dtype=u32$/, /from=u32$/],
    because: 'a cast to the dtype there is gives x itself',
    proof: () => givesItself('u32'),
  },
  {
    ops: /^transpose$/,
    at: [/permutation=identity$/],
    because: 'the identity moves nothing',
    proof() {
      expect(made(transpose(x(3, 4, 5), [0, 1, 2])).name).not.toBe('transpose');
      expect(made(transpose(x(3, 4, 5), [0, 2, 1])).name).toBe('transpose');
    },
  },
  {
    ops: /^pad$/,
    at: [/mode=(replicate|reflect|circular)$/, /value=other$/],
    because: 'only constant padding has a value',
    proof() {
      for (const paddingMode of modes) {
        expect(() => pad(x(5), [[1, 1]], { paddingMode, value: 3 })).toThrow(OptionError);
      }
    },
  },
  {
    ops: /^pad$/,
    at: [/mode=(replicate|reflect|circular)$/, /paddings=(less|more and less)$/],
    because: 'what is taken away is taken by a constant padding before',
    proof() {
      for (const mode of modes) {
        expect(infers('pad', [5], { paddings: [[-1, 0]], mode, value: 0 })).toThrow(ShapeError);
        expect(infers('pad', [5], { paddings: [[-1, 2]], mode, value: 0 })).toThrow(ShapeError);
      }
    },
  },
  {
    ops: /^scatter$/,
    at: [/reduction=(mul|max|min)$/],
    because: 'reductions are scatter_combine',
    proof: () => expect(scatters('none')).toBe('scatter'),
  },
  {
    ops: /^scatter_combine$/,
    at: [/reduction=none$/],
    because: 'replacing is scatter',
    proof: () => expect((['mul', 'max', 'min'] as const).map(scatters)).toEqual(Array(3).fill('scatter_combine')),
  },
  {
    ops: /^scatter/,
    at: [/axis=only$/, /index=an element$/],
    because: 'along the only axis an index for each place is one for each element',
    proof() {
      const inputs: TensorType[] = [
        { shape: [4], dtype: 'f32' },
        { shape: [4], dtype: 'i32' },
        { shape: [4], dtype: 'f32' },
      ];
      const call = { inputs, outputs: [], attrs: { axis: 0 } };
      for (const name of ['scatter', 'scatter_combine', 'scatter_add']) {
        expect(optionTable[name]!['index']!.of(call)).toBe('a place');
      }
    },
  },
  {
    ops: /^gather_batch$/,
    at: [/(scale|offset)=other$/, /dtype=i32$/],
    because: 'labels are neither scaled nor moved',
    proof: () => ['u8', 'i32', 'u32'].forEach((data) => refusesBatch(data, { dtype: 'i32', scale: 2 }, { offset: 1 })),
  },
  {
    ops: /^gather_batch$/,
    at: [/(scale|offset)=other$/, /data=(i32|u32)$/],
    because: 'whole numbers make labels only, which are neither scaled nor moved',
    proof() {
      for (const data of ['i32', 'u32']) {
        refusesBatch(data, { dtype: 'i32', scale: 2 }, { offset: 1 });
        refusesBatch(data, { dtype: 'f32', scale: 2 }, { offset: 1 });
      }
    },
  },
  {
    ops: /^gather_batch$/,
    at: [/dtype=f32$/, /data=(i32|u32)$/],
    because: 'whole numbers make labels only',
    proof: () => ['i32', 'u32'].forEach((data) => refusesBatch(data, { dtype: 'f32' })),
  },
  {
    ops: /^gather_batch$/,
    at: [/dtype=i32$/, /data=f32$/],
    because: 'labels are whole numbers',
    proof: () => refusesBatch('f32', { dtype: 'i32' }),
  },

  {
    ops: /^gather_batch_f16$/,
    at: [/(dtype=i32|data=(i32|u32))$/],
    because: 'labels are no halves',
    proof() {
      const order = inputTensor('order', [4], 'u32');
      const labels = gatherBatch(inputTensor('labels', [4], 'i32'), order, inputTensor('cursor', [1], 'u32'), {
        batch: 4,
      });
      const product = matmul(cast(reshape(labels, [1, 4]), 'f32'), x(4, 4));
      expect(mixedStorage(collectCalls([product]), []).map(({ op }) => op.name)).toContain('gather_batch');
    },
  },

  // --- resampling
  {
    ops: /^resample$/,
    at: [/interpolation=(linear|cubic)$/, /rounding=(floor|roundPreferFloor|ceil)$/],
    because: 'only the nearest element is rounded to',
    proof() {
      for (const interpolation of ['linear', 'cubic'] as const) refusesResize({ interpolation, rounding: 'floor' });
    },
  },
  {
    ops: /^resample$/,
    at: [/interpolation=(nearest|linear)$/, /cubicCoefficient=other$/],
    because: 'it is the cubic kernel’s',
    proof() {
      for (const interpolation of ['nearest', 'linear'] as const)
        refusesResize({ interpolation, cubicCoefficient: -0.5 });
    },
  },
  {
    ops: /^resample$/,
    at: [/interpolation=nearest$/, /(antialias|excludeOutside)=true$/],
    because: 'the nearest element is one, with nothing to weigh',
    proof() {
      refusesResize({ interpolation: 'nearest', antialias: true });
      refusesResize({ interpolation: 'nearest', excludeOutside: true });
    },
  },
  {
    ops: /^resample$/,
    at: [/rounding=(floor|roundPreferFloor|ceil)$/, /(cubicCoefficient=other|antialias=true|excludeOutside=true)$/],
    because: 'one is of the nearest element, the other of weights',
    proof() {
      for (const interpolation of ['nearest', 'linear', 'cubic'] as const) {
        for (const other of [{ cubicCoefficient: -0.5 }, { antialias: true }, { excludeOutside: true }]) {
          refusesResize({ interpolation, rounding: 'ceil', ...other });
        }
      }
    },
  },

  // --- recurrent
  {
    ops: /^(previous_states|mask_steps|rnn(_grad)?|lstm(_grad)?|gru(_grad)?)$/,
    at: [/backwards=false$/, /aligned=true$/],
    because: 'steps taken in their order stand where they stand',
    proof: () => expect(() => recurrent({ alignOutputs: true })).toThrow(OptionError),
  },
  {
    ops: /^gru(_grad)?$/,
    at: [/resetAfter=false$/, /bias=true$/],
    because: 'the recurrent product has a bias of its own only where the reset comes after it',
    proof() {
      const weights = { kernel: x(3, 6), recurrentKernel: x(2, 6) };
      const before = gru(x(1, 4, 3), { ...weights, bias: x(6) }, { resetAfter: false });
      const after = gru(x(1, 4, 3), { ...weights, bias: x(2, 6) }, { resetAfter: true });
      expect(made(before.sequence)).toMatchObject({ name: 'gru', attrs: { resetAfter: false, bias: false } });
      expect(made(after.sequence)).toMatchObject({ name: 'gru', attrs: { resetAfter: true, bias: true } });
    },
  },
  {
    ops: /^mask_steps$/,
    at: [/masking=null$/],
    because: 'without a mask there is nothing to do',
    proof() {
      const lengths = constantTensor(Int32Array.of(2), [1], 'i32');
      const initialState = [x(1, 2)];
      expect(made(recurrent({ initialState }).sequence).name).toBe('rnn');
      expect(made(recurrent({ initialState, lengths }).sequence).name).toBe('mask_steps');
    },
  },

  // --- optimizers
  {
    ops: /^sgd_momentum$/,
    at: [/momentum=none$/],
    because: 'without momentum there is no velocity, and the op is sgd',
    proof() {
      expect(sgd({ momentum: 0 }).moments).toEqual([]);
      expect(sgd({ momentum: 0.5 }).moments).toEqual(['velocity']);
      expect(() => sgd({ momentum: 0, nesterov: true })).toThrow(OptionError);
    },
  },

  // --- kernels that do not fit
  ...(
    [
      [/^(sum|mean|max|min|prod)$/, /way=rows(_split)?$/, /axis=(first|middle)$/, 'rows are along the last axis'],
      [/^broadcast_to$/, /way=(vec4|scalar)$/, /repeats=an inner axis$/, 'x is not read from its beginning to its end'],
      [/^broadcast_to$/, /way=scalar$/, /repeats=nothing$/, 'x has one element'],
      [
        /^(resample|pad_grad|gather|scatter_add)$/,
        /way=vec4$/,
        /axis=(only|last)$/,
        'four neighbours lie beyond the axis',
      ],
      [/^gather_batch$/, /way=vec4$/, /(dtype=i32|data=(i32|u32))$/, 'labels are few'],
      [/^slice(_grad)?$/, /way=vec4$/, /steps=backwards$/, 'four neighbours are taken forwards'],
      [/^transpose$/, /way=(tiled|quad)$/, /permutation=the last stays$/, 'no two axes of matrices are swapped'],
      [/^transpose$/, /way=vec4$/, /permutation=(two matrices|the last two|other)$/, 'four neighbours stay neighbours'],
      [/^scatter_add$/, /way=(sorted|vec4)$/, /index=an element$/, 'rows move as a whole'],
      [/^gru(_grad)?$/, /way=(products|vec4)$/, /resetAfter=false$/, 'one product makes all gates'],
      [/^normalize(_grad)?$/, /way=rows(_group|_vec4|_once)?$/, /rows=several$/, 'a group lies side by side'],
      [/^normalize(_grad)?$/, /way=rows_(vec4|once)$/, /depth=one$/, 'a group has vectors of four'],
      [/^normalize(_grad)?$/, /way=vec4$/, /(rows=one|groups=one|depth=several)$/, 'four channels are four groups'],
      [/_pool_2d/, /way=squares_vec4$/, /(kernel|strides)=(ones|unequal)$/, 'windows of 2 × 2 lie side by side'],
      [/_pool_2d/, /way=squares_vec4$/, /padBefore=(equal|unequal)$/, 'the first window begins with the image'],
      [/_pool_2d/, /way=(winners_)?nine_vec4$/, /kernel=(ones|unequal)$/, 'windows are of 3 × 3'],
      [/_pool_2d/, /way=winners_nine_vec4$/, /strides=ones$/, 'nine windows are over a pixel'],
      [/^conv_nd/, /way=depthwise(_scalar)?$/, /grouping=(one|several)$/, 'each channel has its own filters'],
      [/^conv_nd/, /way=(tiled_64x64|quad_wide|quad|register)$/, /grouping=each channel$/, 'channels come in fours'],
      [
        /^conv.*(d|input)$/,
        /way=(tiled_64x64|quad_wide|quad_scalar)$/,
        notZeros,
        'other modes are left to what compiles sooner',
      ],
    ] as const
  ).map(([names, way, place, because]): Impossible => ({
    ops: names,
    at: [way, place],
    because,
    proof: () => neverFits(names, way, place),
  })),
];

/** There are samples at `place`, and the kernel refuses every one of them. */
function neverFits(names: RegExp, way: RegExp, place: RegExp): void {
  let met = false;
  for (const op of Object.values(ops).filter((one) => names.test(baseOf(one).name))) {
    const kernels = Object.keys(op.kernels).filter((kernel) => way.test(`way=${kernel}`));
    const calls = op.samples
      .map((sample) => callTypes(op, sample))
      .filter((call) => placesOf(op.name, optionsOf(op)!, call).some((found) => place.test(found)));
    for (const call of calls) {
      met ||= kernels.length > 0;
      for (const kernel of fitting(op, call, allFeatures)) expect(kernels, op.name).not.toContain(kernel);
    }
  }
  expect(met, 'samples there').toBe(true);
}

function givesItself(dtype: 'f32' | 'i32' | 'u32'): void {
  const tensor = inputTensor('x', [3], dtype);
  expect(cast(tensor, dtype)).toBe(tensor);
}

function scatters(reduction: 'none' | 'mul' | 'max' | 'min'): string {
  const indices = constantTensor(Int32Array.of(0, 2, 1), [3], 'i32');
  return made(scatterElements(x(4), indices, x(3), { reduction })).name;
}

function refusesBatch(data: string, attrs: object, instead: object = {}): void {
  for (const own of [attrs, { ...attrs, scale: 1, ...instead }]) {
    const inputs = [
      { shape: [4, 2], dtype: data },
      { shape: [4], dtype: 'u32' },
      { shape: [1], dtype: 'u32' },
    ] as TensorType[];
    expect(() => ops['gather_batch']!.infer(inputs, { batch: 2, scale: 1, offset: 0, ...own })).toThrow(/gatherBatch/);
  }
}

function refusesResize(options: object): void {
  expect(() => resize(x(1, 4, 2), { size: [7], ...options })).toThrow(OptionError);
}

function recurrent(options: object) {
  return rnn(x(1, 4, 3), { kernel: x(3, 2), recurrentKernel: x(2, 2) }, options);
}
