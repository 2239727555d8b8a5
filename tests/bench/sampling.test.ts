// How samples are taken, with a clock that the test turns.

import { describe, expect, test } from 'vitest';

import { QUANTA, sampleInTurns, type Timed } from '../../demos/bench/core/sampling.ts';

/** A machine on which one repetition takes what `cost` says, in nanoseconds. */
function machine() {
  let nanoseconds = 0;
  const log: string[] = [];
  const candidate = (name: string, cost: (call: number) => number): Timed => {
    let calls = 0;
    return {
      async sample(repeats) {
        log.push(name);
        const spent = repeats * cost(calls++);
        nanoseconds += spent;
        return spent;
      },
    };
  };
  return { candidate, log, now: () => nanoseconds / 1e6 };
}

const method = { leastSamples: 6, mostMs: 100, sampleNs: 1e5 };
const clock = { quantumNs: 100 };

describe('samples', () => {
  test('are batches that the clock can see, of equal candidates in turns', async () => {
    const { candidate, log, now } = machine();
    const [fast, slow] = await sampleInTurns([candidate('a', () => 1000), candidate('b', () => 50_000)], {
      method,
      clock,
      now,
    });
    expect(fast!.repeats).toBeGreaterThanOrEqual(100);
    expect(slow!.repeats).toBeGreaterThanOrEqual(2);
    expect(fast!.samplesNs).toEqual(Array.from({ length: 6 }, () => 1000));
    expect(slow!.samplesNs).toEqual(Array.from({ length: 6 }, () => 50_000));
    expect(log.slice(-12).join('')).toBe('abbaabbaabba');
    expect([...fast!.flags, ...slow!.flags]).toEqual([]);
  });

  test('are long in steps of a coarse clock', async () => {
    const { candidate, now } = machine();
    const [only] = await sampleInTurns([candidate('a', () => 1000)], { method, clock: { quantumNs: 65_536 }, now });
    expect(only!.repeats * 1000).toBeGreaterThanOrEqual(QUANTA * 65_536);
  });

  test('say so where even the most repetitions are too short for the clock', async () => {
    const { candidate, now } = machine();
    const [only] = await sampleInTurns([candidate('a', () => 1)], { method, clock: { quantumNs: 65_536 }, now });
    expect(only!.flags).toEqual(['below resolution']);
  });

  test('end when the time is spent, but not before the first', async () => {
    const { candidate, now } = machine();
    const [only] = await sampleInTurns([candidate('a', () => 5e8)], { method, clock, now });
    expect(only!.samplesNs).toEqual([5e8]);
  });

  test('follow a warm-up, which lasts until two medians are alike', async () => {
    const { candidate, log, now } = machine();
    // The first nine are slow and uneven.
    const [only] = await sampleInTurns([candidate('a', (call) => (call < 9 ? 4e5 - 3e4 * call : 1e5))], {
      method,
      clock,
      now,
    });
    expect(only!.samplesNs).toEqual(Array.from({ length: 6 }, () => 1e5));
    expect(log.length).toBeGreaterThanOrEqual(9 + 6);
  });

  test('of a machine that changes meanwhile are flagged', async () => {
    const { candidate, now } = machine();
    const [only] = await sampleInTurns([candidate('a', (call) => (call < 10 ? 1e5 : 1.3e5))], { method, clock, now });
    expect(only!.flags).toEqual(['disturbed']);
  });

  test('of a page that nobody sees are flagged', async () => {
    const { candidate, now } = machine();
    const options = { method, clock, now, hidden: () => true };
    const [only] = await sampleInTurns([candidate('a', () => 1e5)], options);
    expect(only!.flags).toEqual(['hidden']);
  });

  test('stop at once when asked', async () => {
    const { candidate, log, now } = machine();
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    const options = { method, clock, now, signal: stop.signal };
    await expect(sampleInTurns([candidate('a', () => 1e5)], options)).rejects.toThrow('stopped');
    expect(log).toEqual([]);
  });
});
