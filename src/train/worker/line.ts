// The line from a page to its trainer's worker: calls with answers, in the order in which they were made.

import { DeviceError, OptionError, StateError } from '../../core/errors.ts';
import { receivedError, sentError, type Mirror, type Request, type Response } from './messages.ts';
import { createPacker } from './packing.ts';

export interface LineEvents {
  /** Lets other tasks of the page have a turn. */
  pause(): Promise<void>;
  mirrored(training: Mirror): void;
  /** The worker waits for what this gives. */
  asked(name: string, given: readonly unknown[]): Promise<unknown>;
  batches(logs: Extract<Response, { kind: 'batches' }>['logs']): void;
}

export interface Line {
  call(name: string, ...given: unknown[]): Promise<unknown>;
  /** A call whose answer nobody waits for; where it fails, the next `call` rejects with that. */
  tell(name: string, ...given: unknown[]): void;
  latest(): Mirror;
  close(why: string): void;
}

interface Waiting {
  readonly name: string;
  done(value: unknown): void;
  fail(error: Error): void;
  readonly ids: readonly number[];
}

export function createLine(worker: Worker, { pause, mirrored, asked, batches }: LineEvents): Line {
  const waiting = new Map<number, Waiting>();
  let latest: Mirror = { step: 0, history: null };
  let next = 1;
  let ended: ((name: string) => Error) | null = null;
  let untold: Error | null = null;
  const post = (message: Request, transfer: Transferable[] = []) => worker.postMessage(message, transfer);
  const pack = createPacker(post, pause);
  // Large arrays take several turns, and nothing may overtake them.
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = (task: () => Promise<void> | void) => (queue = queue.then(task));

  function end(errorOf: (name: string) => Error): void {
    ended ??= errorOf;
    for (const { name, fail } of waiting.values()) fail(errorOf(name));
    waiting.clear();
  }

  function call(name: string, ...given: unknown[]): Promise<unknown> {
    return new Promise((done, fail) => {
      void inTurn(async () => {
        if (ended) return fail(ended(name));
        const id = next++;
        try {
          const { packed, ids } = await pack(given);
          waiting.set(id, { name, done, fail, ids });
          post({ kind: 'call', id, name, given: packed as unknown[] });
        } catch (error) {
          waiting.delete(id);
          const said = error instanceof Error ? error.message : String(error);
          fail(
            new OptionError(
              `${name}: what it was given cannot cross to a worker (${said}); functions of one's own need a worker of one's own`,
            ),
          );
        }
      });
    });
  }

  worker.addEventListener('message', ({ data }: MessageEvent<Response>) => {
    latest = data.training;
    mirrored(latest);
    if (data.kind === 'batches') return batches(data.logs);
    if (data.kind === 'hook') {
      const { id, name, given } = data;
      asked(name, given).then(
        (value) => inTurn(() => post({ kind: 'reply', id, value })),
        (error: unknown) => inTurn(() => post({ kind: 'reply', id, error: sentError(error) })),
      );
      return;
    }
    const found = waiting.get(data.id);
    waiting.delete(data.id);
    if (!found) return;
    if (found.ids.length > 0) post({ kind: 'forget', ids: found.ids });
    if (data.error) found.fail(receivedError(data.error));
    else found.done(data.value);
  });
  worker.addEventListener('error', (event) => {
    const why = event.message ? ` (${event.message})` : ', or its file could not be loaded';
    end((name) => new DeviceError('worker', `${name}: the trainer's worker ended${why}`));
  });

  return {
    async call(name, ...given) {
      const before = untold;
      untold = null;
      if (before) throw before;
      return call(name, ...given);
    },
    tell(name, ...given) {
      call(name, ...given).catch((error: Error) => (untold ??= ended === null ? error : null));
    },
    latest: () => latest,
    close: (why) => end((name) => new StateError(`${name}: ${why}`)),
  };
}
