// How many bytes a plan's runner takes on a device, known before any buffer is made.

import type { RunnerOptions } from '../plan/device.ts';
import type { Plan } from '../plan/plan.ts';
import { wholeWords } from './buffers.ts';
import { paramsOffsets } from './binding.ts';
import { tableBytes, tableOffsets } from './input_table.ts';
import { entryOf } from './limits.ts';
import { ringBytes } from './rows.ts';

/** The least staging buffer, made ahead for reads of one number. */
export const reservedStaging = 4;

/** Inputs that are tensors on the device stand in their buffers' place; reads of more than one number take staging of their own. */
export function runnerBytes(plan: Plan, { track }: RunnerOptions): number {
  const inTable = tableOffsets(plan);
  const entries = plan.steps.flatMap(({ dispatches }) => dispatches.map(entryOf));
  const storages = plan.storages.reduce(
    (sum, { bytes }, index) => sum + (inTable.has(index) ? 0 : wholeWords(bytes)),
    0,
  );
  const rows = track && track.outputs.length > 0 ? ringBytes(track.outputs.length, track.every) : 0;
  return storages + wholeWords(paramsOffsets(entries).bytes) + tableBytes(inTable) + rows + reservedStaging;
}
