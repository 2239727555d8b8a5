// The activations that layers take by name, and what a fused kernel needs of those that fit into its epilogue.

import type { Op } from '../graph/op.ts';
import type { Tensor } from '../graph/tensor.ts';
import { celu, hardSigmoid, hardSwish, hardTanh, logSigmoid, mish, relu6, softsign } from './rectifiers.ts';
import { logSoftmax, softmax } from './softmax.ts';
import { elu, gelu, leakyRelu, relu, reluOp, selu, sigmoid, sigmoidOp, silu, softplus, tanh, tanhOp } from './unary.ts';

export interface Activation {
  apply(x: Tensor): Tensor;
  /** The op that `apply` adds, where a kernel's epilogue can take its place. */
  readonly op?: Op;
  /** WGSL in x: f32, for epilogues: no attributes, and a gradient that needs the result only. May call shaders/lib/activation.wgsl. */
  readonly wgsl?: string;
  /** The same in x: vec4f. */
  readonly wgsl4?: string;
  reference?(x: number): number;
}

/** Those that a matmul or convolution can apply to its result. */
export type EpilogueActivation = 'relu' | 'sigmoid' | 'tanh';

export type ActivationName =
  | EpilogueActivation
  | 'linear'
  | 'leakyRelu'
  | 'elu'
  | 'selu'
  | 'softplus'
  | 'silu'
  | 'gelu'
  | 'relu6'
  | 'celu'
  | 'hardSigmoid'
  | 'hardSwish'
  | 'hardTanh'
  | 'mish'
  | 'softsign'
  | 'logSigmoid'
  | 'softmax'
  | 'logSoftmax';

const each = (name: string): string => `vec4f(${['x', 'y', 'z', 'w'].map((part) => `${name}(x.${part})`).join(', ')})`;

export const activations: Readonly<Record<ActivationName, Activation>> = {
  linear: { apply: (x) => x, reference: (x) => x },
  relu: {
    apply: relu,
    op: reluOp,
    wgsl: 'max(x, 0.0)',
    wgsl4: 'max(x, vec4f(0.0))',
    reference: (x) => Math.max(x, 0),
  },
  sigmoid: {
    apply: sigmoid,
    op: sigmoidOp,
    wgsl: 'sigmoid(x)',
    wgsl4: each('sigmoid'),
    reference: (x) => 1 / (1 + Math.exp(-x)),
  },
  tanh: {
    apply: tanh,
    op: tanhOp,
    wgsl: 'stable_tanh(x)',
    wgsl4: each('stable_tanh'),
    reference: Math.tanh,
  },
  leakyRelu: { apply: (x) => leakyRelu(x) },
  elu: { apply: (x) => elu(x) },
  selu: { apply: selu },
  softplus: { apply: softplus },
  silu: { apply: silu },
  gelu: { apply: (x) => gelu(x) },
  relu6: { apply: relu6 },
  celu: { apply: (x) => celu(x) },
  hardSigmoid: { apply: (x) => hardSigmoid(x) },
  hardSwish: { apply: hardSwish },
  hardTanh: { apply: (x) => hardTanh(x) },
  mish: { apply: mish },
  softsign: { apply: softsign },
  logSigmoid: { apply: logSigmoid },
  softmax: { apply: softmax },
  logSoftmax: { apply: logSoftmax },
};
