// Runs compute dispatches on wgsl_reflect's interpreter and finds data races: two invocations of a workgroup that touch
// the same word between two barriers, or two workgroups that touch the same word of storage, one of them writing, and
// not both atomically.
//
// wgsl_reflect has a detector of its own. It compares every pair of accesses, which is quadratic, runs workgroup 0 only,
// and steps all invocations in turn, so that a function's result can reach another invocation than its own. Here every
// word remembers who wrote and who read it, any workgroup can run, and an invocation runs on to its next barrier: between
// two barriers the order of invocations is free, so where there is no race every order gives the same accesses and values.
// The values are then right too, which shows that the accesses were.

import {
  type Call,
  MemoryTracker,
  ScalarData,
  TrackedTypedData,
  TypedData,
  type Var,
  VectorData,
  WgslDebug,
} from 'wgsl_reflect/wgsl_reflect.module.js';

export type Grid = readonly [number, number, number];

/** Storage and uniform buffers by binding number. */
export type Group = Readonly<Record<number, { readonly buffer: ArrayBuffer; readonly uniform: boolean }>>;

export interface Findings {
  /** One sentence each: races, and barriers that not all invocations reach; the first few. */
  readonly problems: readonly string[];
  /** How many words were read or written. */
  readonly accesses: number;
}

const none = -1;
const several = -2;

/** Who wrote and who read each word of one buffer: invocations since the last barrier, workgroups since the beginning. */
class Words {
  private readonly stamp: Int32Array;
  private readonly writer: Int32Array;
  private readonly reader: Int32Array;
  private readonly writingGroup: Int32Array | null;
  private readonly readingGroup: Int32Array | null;

  constructor(bytes: number, storage: boolean) {
    const words = Math.ceil(bytes / 4);
    this.stamp = new Int32Array(words).fill(none);
    this.writer = new Int32Array(words);
    this.reader = new Int32Array(words);
    this.writingGroup = storage ? new Int32Array(words).fill(none) : null;
    this.readingGroup = storage ? new Int32Array(words).fill(none) : null;
  }

  /** Notes the access and returns who made an unordered one before, or null. */
  touch(word: number, writes: boolean, phase: number, invocation: number, group: number): string | null {
    if (this.stamp[word] !== phase) {
      this.stamp[word] = phase;
      this.writer[word] = none;
      this.reader[word] = none;
    }
    const other =
      conflict(this.writer, this.reader, word, writes, invocation, 'invocation') ??
      (this.writingGroup && conflict(this.writingGroup, this.readingGroup!, word, writes, group, 'workgroup'));
    note(writes ? this.writer : this.reader, word, invocation);
    if (this.writingGroup) note(writes ? this.writingGroup : this.readingGroup!, word, group);
    return other;
  }
}

function note(who: Int32Array, word: number, me: number): void {
  const before = who[word]!;
  who[word] = before === none || before === me ? me : several;
}

function conflict(
  writer: Int32Array,
  reader: Int32Array,
  word: number,
  writes: boolean,
  me: number,
  kind: string,
): string | null {
  const [wrote, read] = [writer[word]!, reader[word]!];
  if (wrote !== none && wrote !== me) return `${kind} ${wrote === several ? 'others' : wrote} wrote`;
  if (writes && read !== none && read !== me) return `${kind} ${read === several ? 'others' : read} read`;
  return null;
}

/** wgsl_reflect reports accesses here. */
class Tracker extends MemoryTracker {
  readonly problems = new Set<string>();
  readonly words = new Map<string, Words>();
  accesses = 0;
  phase = 0;
  group = 0;

  override record(name: string, offset: number, size: number, kind: 'read' | 'write', atomic: boolean): void {
    if (offset % 4 !== 0 || size % 4 !== 0) throw new Error(`${name}: ${size} bytes at ${offset} are not whole words`);
    if (atomic) return; // WGSL accesses a word atomically always or never
    const words = this.words.get(name)!;
    for (let word = offset / 4; word < (offset + size) / 4; word++) {
      this.accesses++;
      const other = words.touch(word, kind === 'write', this.phase, this.currentInvocation, this.group);
      if (other === null || this.problems.size >= 8) continue;
      const me = `invocation ${this.currentInvocation} of workgroup ${this.group}`;
      this.problems.add(`${name}, word ${word}: ${other} and ${me} ${kind}s it in line ${this.currentLine}`);
    }
  }
}

/** An entry of one source, ready to run. */
export class Emulator {
  private readonly debug: WgslDebug;
  private readonly entry: string;
  private readonly local: Map<string, TypedData>;

  constructor(code: string, entry: string) {
    this.debug = new WgslDebug(code);
    this.entry = entry;
    const { exec } = this.debug;
    // The interpreter divides vectors of whole numbers as if they were not.
    const make = exec._makeCwiseData.bind(exec);
    exec._makeCwiseData = (values, type) =>
      make(/^vec\d([iu]|<[iu]32>)$/.test(type.getTypeName()) ? values.map(Math.trunc) : values, type);
    exec._execStatements(exec.ast, exec.context);
    this.local = new Map();
    for (const [name, { value, node }] of exec.context.variables) {
      if (value instanceof TypedData && bindingOf(node) === null) this.local.set(name, value);
    }
  }

  /** Runs the workgroups `ids` of a grid of `workgroups`, one after the other; with `one` no further than to a problem. */
  run(buffers: Group, workgroups: Grid, ids: Iterable<Grid>, one = false): Findings {
    const { exec } = this.debug;
    const { context } = exec;
    const fn = context.getFunction(this.entry)!;
    const tracker = new Tracker();
    const vec3u = exec.getTypeInfo('vec3u')!;
    const u32 = exec.getTypeInfo('u32')!;
    context.setVariable('@num_workgroups', new VectorData([...workgroups], vec3u));

    const shared = new Map<ArrayBuffer, Words>();
    for (const variable of context.variables.values()) {
      const binding = bindingOf(variable.node);
      const bound = binding === null ? undefined : buffers[binding];
      if (!bound) continue;
      const info = exec.getTypeInfo((variable.node as Var).type as never)!;
      if (bound.uniform) {
        variable.value = new TypedData(bound.buffer, info);
        continue;
      }
      if (!shared.has(bound.buffer)) shared.set(bound.buffer, new Words(bound.buffer.byteLength, true));
      tracker.words.set(variable.name, shared.get(bound.buffer)!);
      variable.value = new TrackedTypedData(bound.buffer, info, tracker, variable.name);
    }
    for (const [name, { buffer, typeInfo }] of this.local) {
      tracker.words.set(name, new Words(buffer.byteLength, false));
      context.setVariable(name, new TrackedTypedData(buffer, typeInfo, tracker, name));
    }

    const size = this.workgroupSize();
    for (const id of ids) {
      tracker.group = (id[2] * workgroups[1] + id[1]) * workgroups[0] + id[0];
      tracker.phase++;
      for (const { buffer } of this.local.values()) new Uint8Array(buffer).fill(0);
      context.setVariable('@workgroup_id', new VectorData([...id], vec3u));
      const invocations = Array.from({ length: size[0] * size[1] * size[2] }, (_, index) => {
        const local = [index % size[0], Math.floor(index / size[0]) % size[1], Math.floor(index / (size[0] * size[1]))];
        const own = context.clone();
        own.createVariable('@local_invocation_id', new VectorData(local, vec3u));
        own.createVariable(
          '@global_invocation_id',
          new VectorData(
            local.map((l, i) => l + id[i]! * size[i]!),
            vec3u,
          ),
        );
        own.createVariable('@local_invocation_index', new ScalarData(index, u32));
        for (const argument of fn.node.args) {
          for (const { name, value } of argument.attributes ?? []) {
            const builtin = name === 'builtin' ? own.getVariable(`@${String(value)}`) : null;
            if (name === 'builtin' && !builtin) throw new Error(`no builtin ${String(value)}`);
            if (builtin) own.variables.set(argument.name, builtin);
          }
        }
        return new Invocation(index, this.debug.createStackFrame(fn.node.body, own));
      });
      runWorkgroup(this.debug, tracker, invocations, one);
      if (one && tracker.problems.size > 0) break;
    }
    return { problems: [...tracker.problems], accesses: tracker.accesses };
  }

  private workgroupSize(): Grid {
    const { context } = this.debug.exec;
    const { attributes } = context.getFunction(this.entry)!.node as unknown as {
      attributes: { name: string; value: string | string[] }[];
    };
    const values = [attributes.find(({ name }) => name === 'workgroup_size')!.value].flat().map((text) => {
      const number = Number.parseInt(text, 10);
      return Number.isNaN(number) ? Number((context.getVariableValue(text) as ScalarData).value) : number;
    });
    return [values[0]!, values[1] ?? 1, values[2] ?? 1];
  }
}

function bindingOf(node: unknown): number | null {
  const attributes = (node as Var | null)?.attributes ?? [];
  const binding = attributes.find(({ name }) => name === 'binding');
  return binding ? Number(binding.value) : null;
}

type Frame = ReturnType<WgslDebug['createStackFrame']>;

/** One invocation's frames, in the form of wgsl_reflect's stack, whose class is not exported. */
class Invocation {
  readonly index: number;
  readonly states: Frame[];
  barrier: Call | null = null;

  constructor(index: number, frame: Frame) {
    this.index = index;
    this.states = [frame];
  }

  get isEmpty(): boolean {
    return this.states.length === 0;
  }

  get last(): Frame | null {
    return this.states.at(-1) ?? null;
  }

  pop(): void {
    this.states.pop();
  }
}

const barriers = new Set(['workgroupBarrier', 'storageBarrier', 'textureBarrier']);

/** Commands of one workgroup, against loops without end. */
const mostCommands = 5_000_000;

function runWorkgroup(debug: WgslDebug, tracker: Tracker, invocations: readonly Invocation[], one: boolean): void {
  let running = invocations;
  let commands = 0;
  while (running.length > 0) {
    for (const invocation of running) {
      tracker.currentInvocation = invocation.index;
      if (invocation.barrier) debug.stepStack(invocation, true);
      invocation.barrier = null;
      for (;;) {
        while (invocation.last?.isAtEnd) invocation.pop();
        const command = invocation.last?.getCurrentCommand();
        if (!command) break;
        const { node } = command as { node?: Call };
        if (node && barriers.has(node.name)) {
          invocation.barrier = node;
          break;
        }
        if (++commands > mostCommands) throw new Error(`workgroup ${tracker.group} does not end`);
        tracker.currentLine = command.line;
        debug.stepStack(invocation, true);
      }
      if (one && tracker.problems.size > 0) return;
    }
    tracker.phase++;
    const waiting = running.filter(({ barrier }) => barrier !== null);
    if (waiting.length > 0 && waiting.length < invocations.length) {
      const { line } = waiting[0]!.barrier!;
      tracker.problems.add(`${invocations.length - waiting.length} invocations end before the barrier of line ${line}`);
    }
    if (waiting.some(({ barrier }) => barrier !== waiting[0]!.barrier)) {
      tracker.problems.add(`invocations wait at different barriers`);
    }
    running = waiting;
  }
}
