// What a page says while it waits: nothing at first, after a second what for, after ten how to end it; never a dialog box.

import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Context } from '../../demos/shared/context.ts';
import { errorWords } from '../../demos/shared/error_words.ts';
import { translator } from '../../demos/shared/language.ts';
import { waitFor } from '../../demos/shared/waiting.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The last notice's buttons, and all that was said. */
function page() {
  const seen: string[] = [];
  let offers: readonly { label(): string; act(): unknown }[] = [];
  const context = {
    errors: translator(errorWords, 'en'),
    notice(shown: Parameters<Context['notice']>[0]) {
      offers = shown.offers ?? [];
      seen.push([shown.title(), ...offers.map(({ label }) => label())].join(' | '));
    },
    dismiss: () => void seen.push('dismissed'),
  } as unknown as Context;
  return { context, seen, press: () => offers[0]!.act() };
}

test('a wait is named after a second, can be ended after ten, and leaves nothing behind', async () => {
  const { context, seen } = page();
  let end = (): void => undefined;
  const waiting = new Promise<number>((resolved) => {
    end = () => resolved(7);
  });
  const outcome = waitFor(context, waiting, { what: () => 'the engine' });
  await vi.advanceTimersByTimeAsync(999);
  expect(seen).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen).toEqual([expect.stringMatching(/the engine[^|]*$/)]);
  await vi.advanceTimersByTimeAsync(9000);
  expect(seen[1]).toMatch(/the engine.* \| Cancel$/);
  end();
  expect(await outcome).toBe(7);
  expect(seen.at(-1)).toBe('dismissed');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen).toHaveLength(3);
});

test('a wait that its reader ends has no outcome', async () => {
  const { context, seen, press } = page();
  const outcome = waitFor(context, new Promise(() => undefined), { what: () => 'the engine' });
  await vi.advanceTimersByTimeAsync(10_000);
  press();
  expect(await outcome).toBeNull();
  expect(seen.at(-1)).toBe('dismissed');
});

test('no page asks or tells by a dialog box of the browser', () => {
  const demos = resolve(import.meta.dirname, '../../demos');
  const files = readdirSync(demos, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(100);
  const guilty = files.filter((name) =>
    /(^|[^.\w'"])(window\.)?(alert|confirm|prompt)\(/m.test(readFileSync(resolve(demos, name), 'utf8')),
  );
  expect(guilty).toEqual([]);
});
