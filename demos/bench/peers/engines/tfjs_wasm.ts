// The wasm backend of TensorFlow.js, its files beside the page, with as many threads as there are cores.

import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

import { useBackend } from './tfjs_train.ts';

export async function useWasm(): Promise<void> {
  setWasmPaths(new URL('tfjs/', location.href).href);
  setThreadsCount(navigator.hardwareConcurrency);
  await useBackend('wasm');
}
