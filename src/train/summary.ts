// A model's layers, parameters, work and memory: as rows for pages and as a table of text, from one source.

import { checkOptions } from '../core/errors.ts';
import type { Shape } from '../core/shape.ts';
import { bytesText, plainText, thousands } from './text.ts';

export interface LayerDescription {
  name: string;
  /** `Conv2d` */
  type: string;
  /** Of one sample: without the batch axis, which is shown as N. */
  output: Shape;
  /** Every number the layer learns or keeps frozen; the optimizer's state is not among them. */
  params: number;
  /** Whether they are trained. A layer with both kinds gives the trained part in `trainableParams`. */
  trainable: boolean;
  trainableParams?: number;
  /**
   * Of the forward pass, a multiplication and an addition counting as two. Convolutions: 2·k²·(C_in/g)·C_out·oH·oW for
   * window k, g groups and output oH × oW; dense layers: 2·inputs·units. Biases and activations are not counted.
   */
  flopsPerSample: number;
  /**
   * A layer used at several places: its parameters count at the first row only, its work at each. Either all rows have one
   * name and true, or the later ones the first one's name here.
   */
  shared?: boolean | string;
  /** What the layer is called on, by name; for models that are no chain. */
  from?: readonly string[];
}

export interface ModelDescription {
  name: string;
  /** Of one sample; a list of shapes for a model of several inputs. */
  inputShape: Shape | readonly Shape[];
  /** Of several inputs, in the order of their shapes. */
  inputNames?: readonly string[];
  layers: readonly LayerDescription[];
  /** `slots`: numbers kept for each trained parameter, 2 for Adam. */
  optimizer?: { name: string; slots: number };
  /** Bytes on the device for a batch of this size. */
  memory?: { batch: number; weights: number; gradients: number; optimizer: number; activations: number };
  /** Where it runs, and why there. */
  device?: string;
}

export interface SummaryRow {
  /** From 1. */
  readonly index: number;
  readonly name: string;
  readonly type: string;
  /** `[N, 28, 28, 8]` */
  readonly output: string;
  /** What this row adds to the totals: 0 for a shared layer's later rows. */
  readonly params: number;
  readonly flopsPerSample: number;
  /** The row of the same layer's first use, or null. */
  readonly sharedWith: number | null;
  /** The layers and inputs it is called on, or null where layers follow one another. */
  readonly from: readonly string[] | null;
}

export interface SummaryTotals {
  readonly trainable: number;
  readonly frozen: number;
  /** Of all parameters, as f32. */
  readonly bytes: number;
  readonly flopsPerSample: number;
  readonly optimizer: { readonly name: string; readonly numbers: number; readonly bytes: number } | null;
  readonly memory: (NonNullable<ModelDescription['memory']> & { readonly total: number }) | null;
}

/** The table's rows and totals as data. */
export function summaryRows(model: ModelDescription): { rows: SummaryRow[]; totals: SummaryTotals } {
  checkOptions('summary', model, ['name', 'inputShape', 'inputNames', 'layers', 'optimizer', 'memory', 'device']);
  const first = new Map<string, number>();
  let trainable = 0;
  let frozen = 0;
  let flops = 0;
  const rows = model.layers.map((layer, i): SummaryRow => {
    checkOptions(`summary: layer '${layer.name}'`, layer, layerKeys);
    const index = i + 1;
    const owner = typeof layer.shared === 'string' ? layer.shared : layer.name;
    const sharedWith = layer.shared ? (first.get(owner) ?? null) : null;
    if (sharedWith === null) first.set(layer.name, index);
    const params = sharedWith === null ? layer.params : 0;
    const trained = sharedWith === null ? (layer.trainableParams ?? (layer.trainable ? params : 0)) : 0;
    trainable += trained;
    frozen += params - trained;
    flops += layer.flopsPerSample;
    const { name, type, flopsPerSample } = layer;
    return {
      index,
      name,
      type,
      output: shapeText(layer.output),
      params,
      flopsPerSample,
      sharedWith,
      from: layer.from ?? null,
    };
  });

  const { optimizer, memory } = model;
  const numbers = (optimizer?.slots ?? 0) * trainable;
  const total = memory ? memory.weights + memory.gradients + memory.optimizer + memory.activations : 0;
  const totals: SummaryTotals = {
    trainable,
    frozen,
    bytes: 4 * (trainable + frozen),
    flopsPerSample: flops,
    optimizer: optimizer ? { name: optimizer.name, numbers, bytes: 4 * numbers } : null,
    memory: memory ? { ...memory, total } : null,
  };
  return { rows, totals };
}

const layerKeys: (keyof LayerDescription)[] = [
  'name',
  'type',
  'output',
  'params',
  'trainable',
  'trainableParams',
  'flopsPerSample',
  'shared',
  'from',
];

/**
 * The summary as text. Columns are as wide as their content; where that exceeds `width` (unlimited unless given), layer
 * and output cells wrap onto further lines, and nothing is cut.
 */
export function summaryText(model: ModelDescription, options: { width?: number } = {}): string {
  checkOptions('summaryText', options, ['width']);
  const width = Math.max(narrowest, options.width ?? Infinity);
  const { rows, totals } = summaryRows(model);
  const work = (flops: number): string => (flops === 0 ? '' : grouped(flops / 1e6));
  const connected = rows.some(({ from }) => from !== null);
  const cells = rows.map(({ index, name, type, output, params, flopsPerSample, sharedWith, from }) => [
    String(index),
    plainText(`${name} (${type})`) + (sharedWith === null ? '' : `, shared with ${sharedWith}`),
    output,
    sharedWith === null ? thousands(params) : 'shared',
    work(flopsPerSample),
    ...(connected ? [plainText((from ?? []).join(', '))] : []),
  ]);
  const head = ['#', 'layer (type)', 'output', 'params', 'MFLOP/sample', ...(connected ? ['connected to'] : [])];
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]!.length)));
  widths[0] = Math.max(2, widths[0]!);
  narrow(widths, width);

  const { optimizer, memory } = totals;
  const notes: [string, string][] = [
    [
      'params',
      `${thousands(totals.trainable)} trainable, ${thousands(totals.frozen)} frozen (${bytesText(totals.bytes)} f32)`,
    ],
  ];
  if (optimizer) {
    const state =
      optimizer.numbers === 0
        ? 'no state'
        : `${thousands(optimizer.numbers)} numbers (${bytesText(optimizer.bytes)} f32)`;
    notes.push(['optimizer', `${plainText(optimizer.name)}, ${state}`]);
  }
  if (memory) {
    const parts = (['weights', 'gradients', 'optimizer', 'activations'] as const).map(
      (part) => `${part} ${bytesText(memory[part])}`,
    );
    notes.push(['memory', `${bytesText(memory.total)} at batch ${memory.batch}: ${parts.join(', ')}`]);
  }
  if (model.device !== undefined) notes.push(['device', plainText(model.device)]);
  return [
    ...wrap(`Model "${plainText(model.name)}"   input ${inputText(model)}`, width),
    ...[head, ...cells].flatMap((row) => tableLines(row, widths)),
    ...notes.flatMap(([label, text]) =>
      wrap(text, Math.max(narrowest, width - labelWidth)).map(
        (line, i) => (i === 0 ? label : '').padEnd(labelWidth) + line,
      ),
    ),
  ].join('\n');
}

const gaps = [2, 2, 3, 3, 3]; // columns of space after each column but the last
const labelWidth = 12;
const narrowest = 12;

/** Takes the columns in excess of `width` from the layer column, then from the output column, down to 12 each. */
function narrow(widths: number[], width: number): void {
  for (const column of [1, 2, 5]) {
    if (column >= widths.length) return;
    const between = gaps.slice(0, widths.length - 1);
    const excess = [...widths, ...between].reduce((sum, value) => sum + value, 0) - width;
    if (excess > 0) widths[column] = Math.max(Math.min(narrowest, widths[column]!), widths[column]! - excess);
  }
}

/** Columns of names, which wrap and stand at the left; the others are numbers. */
const isText = (column: number): boolean => column === 1 || column === 2 || column === 5;

/** One row of the table: as many lines as its longest cell needs. */
function tableLines(row: readonly string[], widths: readonly number[]): string[] {
  const wrapped = row.map((cell, column) => wrap(cell, isText(column) ? widths[column]! : Infinity));
  const count = Math.max(...wrapped.map((parts) => parts.length));
  return Array.from({ length: count }, (_, i) =>
    wrapped
      .map((parts, column) => {
        const text = parts[i] ?? '';
        const padded = isText(column) ? text.padEnd(widths[column]!) : text.padStart(widths[column]!);
        return padded + ' '.repeat(column < row.length - 1 ? gaps[column]! : 0);
      })
      .join('')
      .trimEnd(),
  );
}

/** Parts of at most `width` characters, broken after a space, a comma or a joint of a name (`/ . _ -`) where there is one. */
function wrap(text: string, width: number): string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const head = rest.slice(0, width + 1);
    const space = head.lastIndexOf(' ');
    const joint = 1 + Math.max(...['/', '.', '_', '-', ','].map((mark) => head.lastIndexOf(mark, width - 1)));
    const at = space > 0 ? space : joint > 0 ? joint : width;
    parts.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return [...parts, rest];
}

/** `0.452`, `1 234.567`, and two figures of what would round to 0. */
function grouped(value: number): string {
  if (value < 0.0005) return String(Number(value.toPrecision(2)));
  const [whole, fraction] = value.toFixed(3).split('.') as [string, string];
  return `${thousands(Number(whole))}.${fraction}`;
}

function shapeText(shape: Shape): string {
  return `[${['N', ...shape].join(', ')}]`;
}

function inputText({ inputShape: shape, inputNames = [] }: ModelDescription): string {
  const several = shape.length > 0 && Array.isArray(shape[0]);
  const named = (one: Shape, i: number) => (i in inputNames ? `${plainText(inputNames[i]!)} ` : '') + shapeText(one);
  return several ? (shape as readonly Shape[]).map(named).join(', ') : shapeText(shape as Shape);
}
