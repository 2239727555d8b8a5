// The engines by name: what runs where, and which can train what.

import type { NetworkName } from '../core/networks.ts';

export interface EngineEntry {
  /** Also the file's name in frames/ and starts/. */
  readonly id: string;
  readonly name: string;
  /** Whether it computes on the GPU. */
  readonly gpu: boolean;
  readonly own: boolean;
  /** Networks whose first step is timed from the page's address. */
  readonly starts: readonly NetworkName[];
}

const both = ['cnn', 'mlp'] as const;
const own = true;

export const engines: readonly EngineEntry[] = [
  { id: 'retrograd-webgpu', name: 'Retrograd WebGPU', gpu: true, own, starts: both },
  { id: 'retrograd-cpu', name: 'Retrograd CPU', gpu: false, own, starts: ['mlp'] },
  { id: 'retrograd-default', name: 'Retrograd default', gpu: false, own, starts: [] },
  { id: 'tfjs-webgpu', name: 'tfjs WebGPU', gpu: true, own: false, starts: both },
  { id: 'tfjs-wasm', name: 'tfjs wasm', gpu: false, own: false, starts: ['mlp'] },
  { id: 'tfjs-cpu', name: 'tfjs cpu', gpu: false, own: false, starts: both },
  { id: 'jax-webgpu', name: 'jax-js WebGPU', gpu: true, own: false, starts: both },
  { id: 'jax-wasm', name: 'jax-js wasm', gpu: false, own: false, starts: both },
  { id: 'ort-webgpu', name: 'onnxruntime WebGPU', gpu: true, own: false, starts: [] },
  { id: 'ort-wasm', name: 'onnxruntime wasm', gpu: false, own: false, starts: [] },
  { id: 'convnetjs', name: 'ConvNetJS', gpu: false, own: false, starts: both },
];
