import { jax } from '../engines/jax.ts';
import { useDevice } from '../engines/jax_train.ts';
import { expose } from '../frame.ts';

expose(useDevice('webgpu').then(() => jax('webgpu', VERSIONS['@jax-js/jax']!)));
