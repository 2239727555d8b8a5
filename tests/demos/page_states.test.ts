// The link of every page: what its state and the shell's give comes back, and reserved keys mean the same everywhere.

import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';

import { fields as bench } from '../../demos/bench/state.ts';
import { fields as conv } from '../../demos/conv/page_state.ts';
import { shellFields } from '../../demos/shared/shell_fields.ts';
import { checkKeys, pack, parse, serialise, unpack, type Fields } from '../../demos/shared/state.ts';
import { stepFields } from '../../demos/shared/stepper.ts';
import { fields as source } from '../../demos/source/state.ts';
import { fields as training } from '../../demos/train_once/state.ts';
import { fields as widgets } from '../../demos/widgets/state.ts';
import { pages } from './pages/page_list.ts';
import { generator, randomState } from './random_state.ts';

const own: Readonly<Record<string, Fields>> = { index: {}, bench, conv, source, train_once: training, widgets };

/** A reader's own kernel may be longer than a thousand links should be. */
const drawn = (fields: Fields): Fields =>
  'own' in fields ? { ...fields, own: { ...fields.own, longest: 300 } as typeof bench.own } : fields;

test('every page is among them', () => {
  expect(Object.keys(own).toSorted()).toEqual(pages.map(({ name }) => name).toSorted());
});

describe.each(Object.entries(own))('the link of %s', (_, fields) => {
  const all: Fields = { ...fields, ...shellFields };

  test('gives back 1,000 random states, as text and as it stands in the address', async () => {
    const next = generator(7);
    for (let i = 0; i < 1000; i++) {
      const state = randomState(drawn(all), next);
      const plain = serialise(all, state);
      const comesBack = (link: string): void => {
        // Vitest's own comparison takes many times as long.
        const same = isDeepStrictEqual(parse(all, link), { state, problems: [], unknown: [] });
        if (!same) expect(parse(all, link)).toEqual({ state, problems: [], unknown: [] });
        expect(same).toBe(true);
      };
      comesBack(plain);
      // Compression does not look at the fields.
      if (i % 25 > 0) continue;
      const { plain: unpacked, problems } = await unpack(`#${await pack(plain)}`);
      expect(problems).toEqual([]);
      comesBack(unpacked);
    }
  });

  test('has the reserved keys, each with the meaning that it has on every page', () => {
    expect(() => checkKeys(fields, Object.keys(shellFields))).not.toThrow();
    for (const key of ['step', 'play'] as const) if (key in fields) expect(fields[key]).toBe(stepFields[key]);
    if ('seed' in fields) expect(fields.seed).toMatchObject({ kind: 'integer', min: 0 });
    if ('quiz' in fields) expect(fields.quiz).toMatchObject({ kind: 'choice', default: '' });
    const link = 'v=1&lang=fr&theme=dark&embed=1&hide=controls,stepper&step=2&play=1&seed=3&quiz=out&device=cpu';
    const { state, problems, unknown } = parse(all, link);
    expect(problems).toEqual([]);
    expect(state).toMatchObject({ lang: 'fr', theme: 'dark', embed: true, hide: 'controls,stepper' });
    // What a page has no use for stays in the link, for the page that it goes to next.
    const written = serialise(all, state, unknown).split('&').toSorted();
    expect(written).toEqual(link.split('&').toSorted());
  });
});
