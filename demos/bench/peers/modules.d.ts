// The peers' packages are installed by `npm run bench:peers` only, so their own types are not there to be checked against.
declare module '@jax-js/jax';
declare module '@tensorflow/tfjs-backend-cpu';
declare module '@tensorflow/tfjs-backend-wasm';
declare module '@tensorflow/tfjs-backend-webgpu';
declare module '@tensorflow/tfjs-core';
declare module '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
declare module '@tensorflow/tfjs-core/dist/register_all_gradients.js';
declare module 'convnetjs';
declare module 'onnxruntime-web/wasm';
declare module 'onnxruntime-web/webgpu';
