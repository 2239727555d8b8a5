// A plan written by hand, small enough to compute in the head: w += rate * x, then total = sum of w and a constant.

import { byteLength, type TypedArray } from '../../src/core/dtype.ts';
import { sizeOf } from '../../src/core/shape.ts';
import type { Op } from '../../src/graph/op.ts';
import type { TensorType, Variable } from '../../src/graph/tensor.ts';
import { dispatch, input, output, type Dispatch, type Entry, type Shader } from '../../src/kernel/shader.ts';
import type { Place, Plan, PlanStep, Storage } from '../../src/plan/plan.ts';

export const accumulateCode = `struct Params { size: u32, rate: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> w: array<f32>;
@compute @workgroup_size(64)
fn accumulate(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.size) { w[id.x] += params.rate * x[id.x]; }
}`;

const sumCode = `@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read> constant: array<f32>;
@group(0) @binding(2) var<storage, read_write> total: array<f32>;
@compute @workgroup_size(1)
fn sum() {
  var s = constant[0];
  for (var i = 0u; i < arrayLength(&w); i++) { s += w[i]; }
  total[0] = s;
}`;

export function shaderOf(file: string, code: string, entries: Record<string, Entry>): Shader {
  return { file, code, entries, constants: {}, hooks: [], requires: [] };
}

export const accumulateEntry: Entry = {
  bindings: { x: { index: 1, access: 'read' }, w: { index: 2, access: 'read_write' } },
  params: { index: 0, size: 8, members: { size: { offset: 0, type: 'u32' }, rate: { offset: 4, type: 'f32' } } },
};

const sumEntry: Entry = {
  bindings: {
    w: { index: 0, access: 'read' },
    constant: { index: 1, access: 'read' },
    total: { index: 2, access: 'read_write' },
  },
  params: null,
};

export interface TinyPlan {
  readonly plan: Plan;
  readonly w: Variable;
  readonly size: number;
}

export function tinyPlan(change: { code?: string; size?: number; groups?: number; rate?: number } = {}): TinyPlan {
  const size = change.size ?? 16;
  const type: TensorType = { shape: [size], dtype: 'f32' };
  const w: Variable = { ...type, name: 'w', initial: () => new Float32Array(size).fill(1) };
  const storages: Storage[] = [
    { kind: 'input', name: 'x', type, bytes: 4 * size },
    { kind: 'variable', variable: w, bytes: 4 * size },
    { kind: 'constant', values: new Float32Array([0.5]), bytes: 4 },
    { kind: 'slot', bytes: 512 },
  ];
  const x = placeAt(0, type);
  const held = placeAt(1, type);
  const constant = placeAt(2, scalar);
  const total = { ...placeAt(3, scalar), offset: 256 };
  const accumulate = dispatch(
    shaderOf('accumulate.wgsl', change.code ?? accumulateCode, { accumulate: accumulateEntry }),
    'accumulate',
    {
      bindings: { x: input(0), w: output(0) },
      params: { size, rate: change.rate ?? 0.5 },
      workgroups: [change.groups ?? Math.ceil(size / 64)],
    },
  );
  const sum = dispatch(shaderOf('sum.wgsl', sumCode, { sum: sumEntry }), 'sum', {
    bindings: { w: input(0), constant: input(1), total: output(0) },
    params: {},
    workgroups: [1],
  });
  const steps = [stepOf('accumulate', [x], [held], accumulate), stepOf('sum', [held, constant], [total], sum)];
  return { plan: planOf(steps, storages, { x }, { total, w: held }), w, size };
}

export const scalar: TensorType = { shape: [], dtype: 'f32' };

export function placeAt(storage: number, type: TensorType): Place {
  return { storage, offset: 0, bytes: byteLength(type.dtype, sizeOf(type.shape)), type };
}

export function stepOf(name: string, inputs: Place[], outputs: Place[], ...dispatches: Dispatch[]): PlanStep {
  const call = { op: { name } as Op, attrs: {}, inputs: [], outputs: [] };
  const types = { inputs: inputs.map(({ type }) => type), outputs: outputs.map(({ type }) => type), attrs: {} };
  return {
    call,
    types,
    inputs,
    outputs,
    scratch: [],
    overlaid: [],
    kernel: 'naive',
    reason: '',
    dispatches,
    label: `the ${name}`,
  };
}

export function planOf(
  steps: PlanStep[],
  storages: Storage[],
  inputs: Record<string, Place>,
  outputs: Record<string, Place>,
): Plan {
  const none = { inputs: 0, variables: 0, constants: 0, packs: 0, slots: 0, slotsLowerBound: 0, total: 0 };
  return { steps, storages, inputs, outputs, bytes: none };
}

/** `size` values, each `value`. */
export function filled(size: number, value: number): TypedArray {
  return new Float32Array(size).fill(value);
}
