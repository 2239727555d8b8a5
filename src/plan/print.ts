// A plan as text for people: every step with its op, shapes, kernel, workgroups and bytes.

import { format } from '../core/shape.ts';
import type { Place, Plan, PlanStep } from './plan.ts';

/** One line a step, then the memory by kind. */
export function printPlan(plan: Plan): string {
  const rows = plan.steps.map((step, i) => [
    String(i),
    opText(step),
    `${step.inputs.map(shapeText).join(' ')} -> ${step.outputs.map(shapeText).join(' ')}`,
    kernelText(step),
    step.dispatches.map(({ workgroups }) => workgroups.join('×')).join(' + '),
    [...step.inputs, ...step.outputs, ...step.scratch].map((place) => placeText(plan, place)).join(' '),
    step.label,
  ]);
  const header = ['#', 'op', 'shapes', 'kernel', 'workgroups', 'memory', 'label'];
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  const { bytes } = plan;
  return [
    line(header),
    ...rows.map(line),
    `memory: inputs ${size(bytes.inputs)}, variables ${size(bytes.variables)}, packs ${size(bytes.packs)}, ` +
      `constants ${size(bytes.constants)}, slots ${size(bytes.slots)} (at least ${size(bytes.slotsLowerBound)}), ` +
      `together ${size(bytes.total)}`,
  ].join('\n');
}

/** The plan's steps and what flows between them, in Graphviz's DOT. */
export function planDot(plan: Plan): string {
  const lastWriter = new Map<string, number>();
  const edges: string[] = [];
  const key = (place: Place) => `${place.storage}:${place.offset}`;
  plan.steps.forEach((step, i) => {
    for (const place of step.inputs) {
      const writer = lastWriter.get(key(place));
      if (writer !== undefined) edges.push(`  s${writer} -> s${i} [label="${format(place.type.shape)}"];`);
    }
    for (const place of step.outputs) lastWriter.set(key(place), i);
  });
  const nodes = plan.steps.map((step, i) => `  s${i} [label="${nodeText(step)}"];`);
  return ['digraph plan {', '  node [shape=box];', ...nodes, ...edges, '}'].join('\n');
}

function nodeText(step: PlanStep): string {
  const label = step.label.replaceAll(/[^\w./ -]/g, '_');
  return `${opText(step)}\\n${step.kernel}${label === '' ? '' : `\\n${label}`}`;
}

function kernelText({ kernel, reason, overlaid }: PlanStep): string {
  const notes = [...(reason === '' ? [] : [reason]), ...(overlaid.length > 0 ? ['in place'] : [])];
  return notes.length > 0 ? `${kernel} (${notes.join(', ')})` : kernel;
}

function opText({ call }: PlanStep): string {
  return call.op.title?.(call.attrs) ?? call.op.name;
}

function shapeText(place: Place): string {
  const { shape, dtype } = place.type;
  return dtype === 'f32' ? format(shape) : `${dtype}${format(shape)}`;
}

function placeText(plan: Plan, place: Place): string {
  const storage = plan.storages[place.storage]!;
  const name =
    storage.kind === 'variable' ? storage.variable.name : storage.kind === 'input' ? storage.name : storage.kind;
  return `${name}${storage.kind === 'slot' ? place.storage : ''}+${place.offset}`;
}

/** `1.5 MiB`. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
