// The runs that the page can show, loaded as they are asked for, and what is done with them.

import { copyText } from '../shared/clipboard.ts';
import { errorNotice } from '../shared/errors.ts';
import { download } from '../shared/export.ts';
import { translator } from '../shared/language.ts';
import { faultLines, isFault } from './faults.ts';
import { deleteSaved, keptNames, loadKept, loadSaved, readResult, savedNames, saveRun, type Run } from './runs.ts';
import { progress, resultNow } from './lab.ts';
import type { BenchResult } from './core/result.ts';
import type { LabState } from './state.ts';
import { words, type LabContext } from './words.ts';

export type Group = 'now' | 'kept' | 'saved' | 'file';

interface Entry {
  readonly id: string;
  /** '' for the page's own run. */
  readonly name: string;
}

export interface Shelf {
  readonly saved: readonly string[];
  readonly files: readonly string[];
  /** The run of an id; null where there is none or it is still being loaded. */
  get(id: string): Run | null;
  /** The run the table shows: the one chosen, else the page's own, else none. */
  shown(state: LabState): Run | null;
  importFiles(files: readonly File[]): Promise<void>;
  exportJson(id: string): void;
  copyJson(id: string): void;
  save(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
}

export function listed({ saved, files }: Shelf): { readonly group: Group; readonly entries: readonly Entry[] }[] {
  const entries = (group: Group, names: readonly string[]): Entry[] =>
    names.map((name) => ({ id: `${group}:${name}`, name }));
  const own: Entry[] = resultNow() ? [{ id: 'now', name: '' }] : [];
  const groups = [
    { group: 'now' as const, entries: own },
    { group: 'file' as const, entries: entries('file', files) },
    { group: 'saved' as const, entries: entries('saved', saved) },
    { group: 'kept' as const, entries: entries('kept', keptNames) },
  ];
  return groups.filter((one) => one.entries.length > 0);
}

export function openShelf(context: LabContext): Shelf {
  const loaded = new Map<string, Run>();
  const asked = new Set<string>();
  let saved: readonly string[] = [];
  let files: readonly string[] = [];

  // Private windows have no storage; the list is then empty, and saving says so.
  const listSaved = async (): Promise<void> => {
    saved = await savedNames().catch(() => []);
    context.refresh();
  };
  void listSaved();

  const own = (): Run | null => {
    const result = resultNow();
    const name = translator(words, context.language)('this run');
    return result && { id: 'now', name, result };
  };

  async function load(id: string): Promise<void> {
    const [group, name] = [id.slice(0, id.indexOf(':')), id.slice(id.indexOf(':') + 1)];
    const there = group === 'kept' ? keptNames.includes(name) : group === 'saved';
    if (!there) return;
    try {
      const asking = group === 'kept' ? loadKept(name) : loadSaved(name);
      const result = await context.wait(asking, { what: () => name });
      if (result) loaded.set(id, { id, name, result });
      else context.report('E11', { what: name });
    } catch (error) {
      if (isFault(error)) refuse(name, error);
      else context.fail(error, { of: 'load', what: () => name });
    }
    context.refresh();
  }

  function refuse(file: string, error: unknown): void {
    const told = () => ({ file, expected: context.t('result file') });
    const wording = isFault(error) ? { lines: () => faultLines(context.t, error) } : { detail: String(error) };
    // Of several files each has its own.
    context.notice({ ...errorNotice(context, 'E12', told, {}, wording), name: `file ${file}` });
  }

  function get(id: string): Run | null {
    if (id === 'now') return own();
    const found = loaded.get(id);
    if (found) return found;
    if (id !== '' && !asked.has(id)) {
      asked.add(id);
      void load(id);
    }
    return null;
  }

  return {
    get saved() {
      return saved;
    },
    get files() {
      return files;
    },
    get,
    shown: ({ run }) => (run === '' ? own() : get(run)),
    async importFiles(chosen) {
      const names: string[] = [];
      for (const file of chosen) {
        try {
          const text = await context.wait(file.text(), { what: () => file.name });
          if (text === null) continue;
          const result: BenchResult = readResult(text);
          const name = file.name.replace(/\.json$/, '');
          loaded.set(`file:${name}`, { id: `file:${name}`, name, result });
          files = [...files.filter((one) => one !== name), name];
          names.push(name);
        } catch (error) {
          refuse(file.name, error);
        }
      }
      if (names.length === 0) return;
      context.announce(context.t('imported', { n: names.length }));
      const last = `file:${names.at(-1)}`;
      // With a run of its own on show a file is what to compare it with.
      context.set(progress() ? { base: last } : { run: last }, 'push');
    },
    exportJson(id) {
      const run = get(id);
      if (!run) return;
      const { device, created } = run.result;
      const machine = [device.vendor, device.architecture].filter(Boolean).join('-') || device.kind;
      const name = `bench-${machine}-${created.slice(0, 16).replaceAll(/[T:]/g, '-')}.json`;
      download(name, new Blob([`${JSON.stringify(run.result)}\n`], { type: 'application/json' }));
    },
    copyJson(id) {
      const run = get(id);
      if (run) void copyText(context, JSON.stringify(run.result));
    },
    async save(id, name) {
      const run = get(id);
      if (!run) return;
      try {
        const kept = saveRun(name, run.result).then(() => true);
        if (!(await context.wait(kept, { what: () => name }))) return;
      } catch {
        context.report('E14', {}, { download: () => this.exportJson(id) });
        return;
      }
      loaded.set(`saved:${name}`, { id: `saved:${name}`, name, result: run.result });
      context.announce(context.t('saved', { name }));
      await listSaved();
    },
    async remove(id) {
      await deleteSaved(id.slice('saved:'.length));
      loaded.delete(id);
      asked.delete(id);
      context.set({ run: '' });
      await listSaved();
    },
  };
}
