// Every ONNX operator that the engine can express, by its name.

import { attentions } from './attention.ts';
import type { Adapter } from './case.ts';
import { elementwise } from './elementwise.ts';
import { losses } from './losses.ts';
import { normalizations } from './normalizations.ts';
import { recurrent } from './recurrent.ts';
import { reductions } from './reductions.ts';
import { shapes } from './shapes.ts';
import { windows } from './windows.ts';

export const adapters: Readonly<Record<string, Adapter>> = {
  ...attentions,
  ...elementwise,
  ...losses,
  ...normalizations,
  ...recurrent,
  ...reductions,
  ...shapes,
  ...windows,
};
