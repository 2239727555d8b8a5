// A page's state and its link: what goes in comes out, and what a hand may write wrongly is corrected and listed.

import { describe, expect, test } from 'vitest';

import { subset } from '../../demos/bench/subset.ts';
import {
  checkKeys,
  choice,
  defaults,
  flag,
  integer,
  list,
  longestReadable,
  matrix,
  number,
  pack,
  parse,
  serialise,
  text,
  unpack,
} from '../../demos/shared/state.ts';
import { generator, randomState } from './random_state.ts';

const fields = {
  size: integer(6, 1, 12),
  rate: number(0.5, { min: -2, max: 1e6 }),
  free: number(0),
  mode: choice(['zeros', 'reflect', 'same (Keras)'], 'zeros'),
  parts: subset(['a', 'b', 'same (Keras)'], ['b']),
  bias: flag(false),
  shown: flag(true),
  note: text('', 40),
  places: list([1, 2], { longest: 9, min: -5, max: 5 }),
  x: matrix({ shape: [2, 2], values: [1, 0, 0, 1] }, [
    [1, 12],
    [1, 12],
  ]),
  k: matrix({ shape: [1, 1, 1], values: [1] }, [
    [1, 4],
    [1, 7],
    [1, 7],
  ]),
};

describe('the link', () => {
  test('gives back 1,000 random states, long ones through their compressed form', async () => {
    const next = generator(1);
    let packed = 0;
    for (let i = 0; i < 1000; i++) {
      const state = randomState(fields, next);
      const unknown = i % 3 === 0 ? ([['later', `a&b=${i}%`]] as const) : [];
      const plain = serialise(fields, state, unknown);
      expect(parse(fields, plain)).toEqual({ state, problems: [], unknown });
      const link = await pack(plain);
      if (link !== plain) packed++;
      const unpacked = await unpack(`#${link}`);
      expect(unpacked.problems).toEqual([]);
      expect(parse(fields, unpacked.plain)).toEqual({ state, problems: [], unknown });
    }
    expect(packed).toBeGreaterThan(50);
  });

  test('is readable and holds only what differs from the defaults', () => {
    const state = {
      ...defaults(fields),
      size: 4,
      rate: -0.25,
      shown: false,
      x: { shape: [2, 3], values: [10, 10, 0, -1, 0.5, 0] },
    };
    expect(serialise(fields, defaults(fields))).toBe('v=1');
    expect(serialise(fields, state)).toBe('v=1&size=4&rate=-0.25&shown=0&x=2x3:10,10,0,-1,0.5,0');
  });

  test.each([
    ['size=99', 'size', '12', 'limits'],
    ['size=2.5', 'size', '3', 'limits'],
    ['size=', 'size', '6', 'form'],
    ['size=0x3', 'size', '6', 'form'],
    ['rate=1e9', 'rate', '1000000', 'limits'],
    ['rate=NaN', 'rate', '0.5', 'form'],
    ['mode=mirror', 'mode', 'zeros', 'choice'],
    ['mode=toString', 'mode', 'zeros', 'choice'],
    ['parts=b,c,a', 'parts', 'a,b', 'choice'],
    ['parts=c', 'parts', '', 'choice'],
    ['bias=yes', 'bias', '0', 'form'],
    [`note=${'n'.repeat(41)}`, 'note', 'n'.repeat(40), 'size'],
    ['note=%E9', 'note', '', 'form'],
    ['places=1,9', 'places', '1,5', 'limits'],
    ['places=1;2', 'places', '1,2', 'form'],
    ['places=1,1,1,1,1,1,1,1,1,1', 'places', '1,1,1,1,1,1,1,1,1', 'size'],
    ['x=2x2:1,2,3', 'x', '2x2:1,0,0,1', 'size'],
    ['x=4:1,2,3,4', 'x', '2x2:1,0,0,1', 'size'],
    ['x=13x1:1,2,3,4,5,6,7,8,9,10,11,12,13', 'x', '2x2:1,0,0,1', 'size'],
    ['x=2x2', 'x', '2x2:1,0,0,1', 'form'],
    ['x=2x2:1,,2,3', 'x', '2x2:1,0,0,1', 'form'],
    ['size=3&size=4', 'size', '4', 'twice'],
    ['v=2', 'v', '1', 'version'],
  ])('corrects and lists %s', (hash, key, used, reason) => {
    const { state, problems } = parse(fields, `#${hash}`);
    expect(problems).toEqual([{ key, given: expect.any(String), used, reason }]);
    const { problems: none } = parse(fields, serialise(fields, state));
    expect(none).toEqual([]);
  });

  test('takes any text without throwing', () => {
    const next = generator(2);
    const pieces = [
      'v=',
      'size',
      '=',
      '&',
      '%',
      '%zz',
      'x=2x2:',
      ',',
      '-',
      '1e999',
      '#',
      'note=',
      '__proto__=1',
      '\u0000',
    ];
    for (let i = 0; i < 500; i++) {
      const hash = Array.from({ length: 12 }, () => pieces[Math.floor(next() * pieces.length)]).join('');
      const { state, problems } = parse(fields, hash);
      expect(parse(fields, serialise(fields, state))).toEqual({ state, problems: [], unknown: [] });
      for (const { used } of problems) expect(used).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  test('keeps the keys it does not know, in their order', () => {
    const { unknown, state } = parse(fields, '#v=1&activation=tanh&size=3&networkShape=4,2&flat');
    expect(unknown).toEqual([
      ['activation', 'tanh'],
      ['networkShape', '4,2'],
      ['flat', ''],
    ]);
    expect(serialise(fields, state, unknown)).toBe('v=1&size=3&activation=tanh&networkShape=4,2&flat=');
  });

  test('compresses what is longer than 2,000 characters, and nothing else', async () => {
    const ofLength = (length: number): string => `v=1&note=${'n'.repeat(length - 9)}`;
    expect(await pack(ofLength(2000))).toBe(ofLength(2000));
    expect(await pack(ofLength(2001))).toMatch(/^v=1&z=[\w-]{1,60}$/);
  });

  test('compresses a long state and leaves the common keys readable', async () => {
    const values = Array.from({ length: 900 }, (_, i) => i % 256);
    const common = 'lang=fr&theme=dark&embed=1&hide=a,b&step=12&play=1&seed=3&quiz=out&device=cpu&force=E3';
    const plain = `v=1&x=30x30:${values.join(',')}&${common}`;
    expect(plain.length).toBeGreaterThan(longestReadable);
    const packed = await pack(plain);
    expect(packed.replace(/z=[\w-]+$/, 'z')).toBe(`v=1&${common}&z`);
    expect((await unpack(packed)).plain).toBe(`v=1&${common}&x=30x30:${values.join(',')}`);
  });

  test.each(['z=!!', 'z=AAAA', 'z='])('survives the damaged part %s', async (z) => {
    const { plain, problems } = await unpack(`#v=1&size=3&${z}`);
    expect(plain).toBe('v=1&size=3');
    expect(problems).toEqual([{ key: 'z', given: z.slice(2), used: '', reason: 'packed' }]);
  });

  test('does not unfold a small link into a flood', async () => {
    const flood = await pack(`v=1&note=${'n'.repeat(5_000_000)}`);
    expect(flood.length).toBeLessThan(20_000);
    expect((await unpack(flood)).problems).toHaveLength(1);
  });

  test('leaves no page a key that every page has', () => {
    expect(() => checkKeys(fields, ['lang'])).not.toThrow();
    expect(() => checkKeys({ ...fields, z: flag() }, ['lang'])).toThrow('z');
    expect(() => checkKeys({ lang: flag() }, ['lang'])).toThrow('lang');
  });
});
