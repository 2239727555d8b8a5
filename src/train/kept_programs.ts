// A model's programs, kept for the next call that needs the same.

import type { Program } from './program.ts';

export interface KeptPrograms {
  /** What `make` gives, compiled: once for each kind and `details`, also where two calls want it at a time. */
  get<T extends { program: Program }>(kind: string, details: string, make: () => Promise<T>): Promise<T>;
  /** Those that are compiled. */
  all(): Program[];
  dispose(): void;
}

interface Kept {
  readonly made: Promise<{ program: Program }>;
  /** Null while it is being compiled. */
  program: Program | null;
  dropped: boolean;
}

/** Programs of each kind; the ones used longest ago give way. A fit uses 2 for training and 2 for validation. */
const mostOfAKind = 6;

export function keepPrograms(): KeptPrograms {
  const all = new Map<string, Kept>();
  return {
    get<T extends { program: Program }>(kind: string, details: string, make: () => Promise<T>): Promise<T> {
      const key = `${kind} ${details}`;
      const entry = all.get(key) ?? keep(make);
      all.delete(key);
      all.set(key, entry);
      entry.made.catch(() => all.get(key) === entry && all.delete(key));
      const alike = [...all.keys()].filter((other) => other.startsWith(kind));
      for (const oldest of alike.slice(0, -mostOfAKind)) {
        drop(all.get(oldest)!);
        all.delete(oldest);
      }
      return entry.made as Promise<T>;
    },
    all: () => [...all.values()].flatMap(({ program }) => program ?? []),
    dispose() {
      for (const entry of all.values()) drop(entry);
      all.clear();
    },
  };
}

function keep(make: () => Promise<{ program: Program }>): Kept {
  async function compiled() {
    const made = await make();
    await made.program.prepare({ early: true });
    entry.program = made.program;
    if (entry.dropped) drop(entry);
    return made;
  }
  const entry: Kept = { made: compiled(), program: null, dropped: false };
  return entry;
}

function drop(entry: Kept): void {
  entry.dropped = true;
  entry.program?.dispose();
}
