// A whole benchmark, in a page or in Node: opens the device, measures its roofs and the suites asked for, and gives the
// result as the schema has it.

import { DeviceError } from '../../../src/core/errors.ts';
import { ops } from '../../../src/ops/index.ts';
import { familyCases, inHalves, opByName, sampleCases, shapeCases, shapedCase, workName, type Case } from './cases.ts';
import { measureData } from './data.ts';
import { familyShapes, type Family } from './families.ts';
import { layerShapes, measureLayer } from './layers.ts';
import { withOwnKernel } from './own_kernel.ts';
import { ownKernel, whyNot, type OwnSource, type Reflect } from './own_source.ts';
import { measureCase, type MeasureOptions, type Speeds } from './measure.ts';
import { quickSteps } from './quick.ts';
import { SCHEMA, type BenchResult, type PageSuite, type Row } from './result.ts';
import { roofCases } from './roofs.ts';
import { roofsOf, withRoof } from './roofline.ts';
import { methodOf, openSession, type Session } from './session.ts';
import { scalingCases } from './scaling.ts';
import { measureStep, stepCases, workOfStep, type StepCase } from './steps.ts';
import { measureTransfers } from './transfers.ts';

/** What can be asked for; plain data, so that it crosses to a page. */
export interface BenchRequest {
  readonly device: 'webgpu' | 'cpu';
  readonly suites: readonly PageSuite[];
  /** Only these ops, all unless given. */
  readonly ops: readonly string[] | null;
  /** Shapes for the one op that is given, in place of the suites' own. */
  readonly shapes: readonly string[];
  readonly attrs: Readonly<Record<string, unknown>> | null;
  /** Of the suite `shapes` only these families, on these shapes or, where there are none, on their own. */
  readonly families?: readonly { readonly family: Family; readonly shapes: readonly string[] }[];
  /** With f16 the cases are those that mixed precision keeps as halves. */
  readonly dtype?: 'f32' | 'f16';
  /** Only these pieces of work, as `work` names them in rows: to measure some rows again. */
  readonly only?: readonly string[];
  readonly kernels: readonly string[] | null;
  /** Only kernels whose name holds one of these words. */
  readonly variants?: readonly string[];
  /** A user's WGSL, timed beside the kernels of the ops given. */
  readonly own: OwnSource | null;
  /** Whether the device's ceilings are measured first. */
  readonly roofs: boolean;
  readonly quick: boolean;
  /** Multiplies the number of samples. */
  readonly repeat: number;
  readonly source: BenchResult['source'];
  readonly command: string;
}

export type BenchEvent =
  | { readonly kind: 'device'; readonly session: Pick<Session, 'info' | 'host' | 'clock'> }
  | { readonly kind: 'total'; readonly cases: number }
  /** The rows of one case, each kernel's. */
  | { readonly kind: 'rows'; readonly rows: readonly Row[]; readonly done: number };

export interface BenchHooks {
  readonly emit: (event: BenchEvent) => void;
  readonly signal?: AbortSignal;
  readonly hidden?: () => boolean;
  /** Hears of each kernel that could not be run; its row says so in any case. */
  readonly refused?: (error: Error) => void;
  readonly gpu?: GPU | undefined;
  /** Needed for a user's own kernel: `reflectSource` of reflect.ts. */
  readonly reflect?: Reflect | undefined;
}

/** Rejects with the signal's reason as soon as it is aborted, whatever the device is at then, and with what ended the device. */
export async function runBench(request: BenchRequest, hooks: BenchHooks): Promise<BenchResult> {
  const { signal } = hooks;
  signal?.throwIfAborted();
  const opening = openSession(request.device, hooks.gpu);
  const work = opening.then((session) => {
    const lost = session.device.lost.then((error): never => {
      throw error;
    });
    return Promise.race([measureAll(session, request, hooks), lost]);
  });
  // Once stopped it fails by the lost device, and nobody waits for it any more.
  work.catch(() => undefined);
  let stop!: () => void;
  const stopped = new Promise<never>((_, fail) => {
    stop = () => fail(signal!.reason);
    signal?.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal?.removeEventListener('abort', stop);
    void opening.then(
      (session) => session.dispose(),
      () => undefined,
    );
  }
}

const gone: ReadonlySet<DeviceError['reason']> = new Set(['lost', 'destroyed', 'hung', 'stale']);

async function measureAll(session: Session, request: BenchRequest, hooks: BenchHooks): Promise<BenchResult> {
  const { info, host, clock, device } = session;
  const { signal, hidden, reflect } = hooks;
  signal?.throwIfAborted();
  hooks.emit({ kind: 'device', session: { info, host, clock } });
  const method = methodOf(request.quick, request.repeat);
  if (request.own && !reflect) throw new Error('runBench: a kernel of a user needs hooks.reflect');
  const own = request.own && (await ownKernel(session.gpu, request.own, reflect!));
  const why = async (variant: string, error: Error): Promise<string> => {
    // A device that is gone is no fault of a kernel's.
    if (error instanceof DeviceError && gone.has(error.reason)) throw error;
    hooks.refused?.(error);
    return own && session.gpu && variant === own.name ? whyNot(session.gpu, own, error) : error.message;
  };
  const options: MeasureOptions = { method, signal, hidden, why };
  const roofs = device.target && request.roofs ? roofCases(device.target) : [];
  const cases = casesOf(request);
  const steps = stepsOf(request);
  const asked = (suite: PageSuite): boolean => request.suites.includes(suite) && !request.ops;
  const layers = asked('layers') ? layerShapes : [];
  const others = [...(asked('transfers') ? [measureTransfers] : []), ...(asked('data') ? [measureData] : [])];
  hooks.emit({ kind: 'total', cases: roofs.length + cases.length + layers.length + steps.length + others.length });

  const rows: Row[] = [];
  const speeds: Speeds = new Map();
  let done = 0;
  const add = (found: readonly Row[]): void => {
    const ceilings = roofsOf(rows);
    const shared = found.map((row) => (row.suite === 'roofs' ? row : withRoof(row, ceilings)));
    rows.push(...shared);
    hooks.emit({ kind: 'rows', rows: shared, done: ++done });
  };
  for (const one of roofs) add(await measureCase(session, one, options, speeds));
  const kernels = request.kernels && own ? [own.name, ...request.kernels] : request.kernels;
  const named = { ...options, kernels: kernels ?? undefined };
  for (const one of cases) {
    const extended = own ? { ...one, op: withOwnKernel(one.op, own) } : one;
    add(await measureCase(session, extended, withVariants(named, extended, request), speeds));
  }
  for (const shape of layers) add(await measureLayer(session, shape, options, speeds));
  const rates: Speeds = new Map();
  for (const one of steps) add([await measureStep(session, one, options, rates)]);
  for (const measure of others) add(await measure(device, options));
  return {
    schema: SCHEMA,
    tool: 'bench',
    created: new Date().toISOString(),
    source: request.source,
    command: request.command,
    host,
    device: info,
    clock,
    method,
    rows,
    notes: info.adapter === 'software' ? ['Software adapter: times say nothing about hardware.'] : [],
  };
}

/** A user's own kernel is measured whatever it is called. */
function withVariants(options: MeasureOptions, { op }: Case, { variants = [], own }: BenchRequest): MeasureOptions {
  if (variants.length === 0) return options;
  const wanted = (name: string): boolean => name === own?.name || variants.some((word) => name.includes(word));
  return { ...options, kernels: Object.keys(op.kernels).filter(wanted) };
}

function stepsOf({ suites, ops: names, quick, only }: BenchRequest): StepCase[] {
  if (names) return [];
  const cases = [
    ...(suites.includes('steps') ? (quick ? quickSteps() : stepCases('steps')) : []),
    ...(suites.includes('memory') ? stepCases('memory') : []),
    ...(suites.includes('scaling') ? scalingCases(quick) : []),
  ];
  return only ? cases.filter((one) => only.includes(workOfStep(one))) : cases;
}

/** OptionError for an op that does not exist or a shape that cannot be its. */
export function casesOf(request: BenchRequest): Case[] {
  const { dtype, only } = request;
  const found = dtype === 'f16' ? wholeCases(request).flatMap((one) => inHalves(one) ?? []) : wholeCases(request);
  return only ? found.filter((one) => only.includes(workName(one))) : found;
}

function wholeCases({ suites, ops: names, shapes, attrs, families, quick }: BenchRequest): Case[] {
  if (shapes.length > 0) {
    return names!.flatMap((name) => shapes.map((shape) => shapedCase(name, shape, attrs)));
  }
  const wanted = names?.map(opByName) ?? Object.values(ops);
  const own = familyShapes[quick ? 'quick' : 'full'];
  const shaped = families
    ? families.flatMap((one) => familyCases(one.family, one.shapes.length > 0 ? one.shapes : own[one.family]))
    : shapeCases(quick);
  return [
    ...(suites.includes('shapes') ? shaped.filter(({ op }) => wanted.includes(op)) : []),
    ...(suites.includes('samples') ? wanted.flatMap((op) => sampleCases(op, quick)) : []),
  ];
}
