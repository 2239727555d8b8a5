import { jax } from '../engines/jax.ts';
import { useDevice } from '../engines/jax_train.ts';
import { expose } from '../frame.ts';

expose(useDevice('wasm').then(() => jax('wasm', VERSIONS['@jax-js/jax']!)));
