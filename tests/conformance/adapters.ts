// Every ONNX operator that the engine can express, by its name.

import { type Adapter } from './case.ts';
import { elementwise } from './elementwise.ts';
import { reductions } from './reductions.ts';
import { shapes } from './shapes.ts';

export const adapters: Readonly<Record<string, Adapter>> = {
  ...elementwise,
  ...reductions,
  ...shapes,
};
