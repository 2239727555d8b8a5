// Gives Node what the GPU tests find in a page: navigator.gpu and WebGPU's constants.

import { resolve } from 'node:path';

import { nodeGpu } from '../bench/node.ts';

const root = resolve(import.meta.dirname, '../..');
const gpu = await nodeGpu(root, (url) => import(/* @vite-ignore */ url));
Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { gpu } });
