// Studies: what they train, that a seed decides it, and that one that was cut short goes on to the same result.
import { describe, expect, test } from 'vitest';

import { createCpuDevice } from '../../src/cpu/device.ts';
import { dataset, take } from '../../src/data/dataset.ts';
import { blobs } from '../../src/data/synthetic.ts';
import { memoryStore } from '../../src/io/store.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import { sequential } from '../../src/train/model.ts';
import { classesOf, disagreementOf, tieBroken, votesOf } from '../../src/train/search/combine.ts';
import { crossValidate } from '../../src/train/search/cross_validate.ts';
import { ensemble, ensembleOf } from '../../src/train/search/ensemble.ts';
import { combinations, gridSearch } from '../../src/train/search/grid_search.ts';
import { learningRateFinder, pick } from '../../src/train/search/learning_rate_finder.ts';
import { randomSearch } from '../../src/train/search/random_search.ts';
import { choiceRange, draw, integerRange, logUniformRange, uniformRange } from '../../src/train/search/ranges.ts';
import { recordsCsv, statistic, studyCsv, studyText } from '../../src/train/search/results.ts';
import { studySvg } from '../../src/train/search/study_svg.ts';

const device = createCpuDevice();
const data = blobs({ size: 60, seed: 3 });

function model(seed: number, learningRate = 0.05, epochs = 2, batchSize = 20) {
  return {
    model: sequential([dense({ units: 8, activation: 'relu', inputShape: [2] }), dense({ units: 3 })], { seed }),
    compile: {
      optimizer: adam({ learningRate }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
      device,
    },
    fit: { epochs, batchSize },
  } as const;
}

/** `f`, and how often it was called. */
function counted<A extends unknown[], R>(f: (...given: A) => R): ((...given: A) => R) & { calls: number } {
  const counting = Object.assign(
    (...given: A) => {
      counting.calls++;
      return f(...given);
    },
    { calls: 0 },
  );
  return counting;
}

const withoutTimes = <T extends { seconds: number }>(records: readonly T[]) =>
  records.map(({ seconds: _, ...record }) => record);

describe('crossValidate', () => {
  test('validates each example once; the same seed gives the same result, another one another', async () => {
    const seen: number[] = [];
    const study = (seed: number) =>
      crossValidate(
        ({ seed: own, train, validation, fold }) => {
          if (seed === 1) seen.push(...validation.x.data.filter((_, i) => i % 2 === 0));
          expect(train.size + validation.size).toBe(60);
          expect(own).toBe(seed);
          expect(fold).toBeGreaterThanOrEqual(0);
          return model(own);
        },
        data,
        { k: 3, seed },
      );
    const first = await study(1);
    expect(Float32Array.from(seen).sort()).toEqual(data.x.data.filter((_, i) => i % 2 === 0).sort());
    expect(withoutTimes((await study(1)).records)).toEqual(withoutTimes(first.records));
    expect((await study(2)).metrics).not.toEqual(first.metrics);
    expect(first.records.map(({ fold }) => fold)).toEqual([0, 1, 2]);
    const losses = first.records.map(({ metrics }) => metrics['val_loss']!);
    expect(first.metrics['val_loss']).toEqual(statistic(losses));
    // The weights are those of the last epoch here, so what is measured of them is its validation.
    expect(losses).toEqual(first.records.map(({ history }) => history['val_loss']!.at(-1)));
    expect(studyText(first)).toMatch(/^ +runs +loss +accuracy +val_loss +val_accuracy\n\* +3 +\d\.\d{4} ± \d\.\d{4}/);
  });

  test('cut short anywhere it goes on with the run it was in, to the same result', async () => {
    const whole = await crossValidate(({ seed }) => model(seed), data, { k: 3, seed: 5 });
    for (const at of [0, 1, 2]) {
      const store = memoryStore();
      const options = { k: 3, seed: 5, store } as const;
      const interrupt = new AbortController();
      const cut = await crossValidate(({ seed }) => model(seed), data, {
        ...options,
        signal: interrupt.signal,
        onProgress: (event) => {
          if (event.type === 'epoch' && event.key.endsWith(`f${at}`)) interrupt.abort();
        },
      });
      expect(cut).toMatchObject({ stopped: true });
      expect(cut.records).toHaveLength(at);
      const setup = counted(({ seed }: { seed: number }) => model(seed));
      const ended = await crossValidate(setup, data, options);
      expect(setup.calls).toBe(3 - at);
      expect(ended.stopped).toBe(false);
      expect(withoutTimes(ended.records)).toEqual(withoutTimes(whole.records));
      expect(ended.records.slice(0, at)).toEqual(cut.records);
    }
  });

  test('a store is not continued by another plan or with other data', async () => {
    const store = memoryStore();
    const setup = ({ seed }: { seed: number }) => model(seed, 0.05, 1);
    await crossValidate(setup, data, { k: 2, store });
    await expect(crossValidate(setup, data, { k: 3, store })).rejects.toThrow(
      "crossValidate: the store holds a study 'crossValidate' of another plan (folds 2, now 3); give this one another name or store",
    );
    await expect(crossValidate(setup, data, { k: 2, store, config: { epochs: 2 } })).rejects.toThrow(
      '(config null, now',
    );
    await expect(crossValidate(setup, take(data, 59), { k: 2, store })).rejects.toThrow('of another plan (data');
    await expect(crossValidate(setup, data, { k: 3, store, name: 'other' })).resolves.toMatchObject({ stopped: false });
  });

  test('options are checked', async () => {
    const setup = ({ seed }: { seed: number }) => model(seed);
    await expect(crossValidate(setup, data, { folds: 3 } as never)).rejects.toThrow("unknown option 'folds'");
    await expect(crossValidate(setup, data, { k: 1 })).rejects.toThrow('k is 1');
    await expect(crossValidate(setup, data, { repeats: 0 })).rejects.toThrow('repeats is 0');
    await expect(crossValidate(setup, data, { k: 2, monitor: 'val_los' })).rejects.toThrow(
      "no metric 'val_los', did you mean 'val_loss'?",
    );
    const own = () => ({ ...model(1), fit: { validation: data } }) as never;
    await expect(crossValidate(own, data)).rejects.toThrow("the setup's fit has 'validation', which the study gives");
  });
});

describe('gridSearch', () => {
  test('tries every combination on the same seeds and parts, and tells failures apart', async () => {
    const runs: [number, string, number][] = [];
    const result = await gridSearch(
      ({ optimizer, learningRate }, { seed, validation }) => {
        runs.push([learningRate, optimizer, seed]);
        expect(validation.size).toBe(12);
        const made = model(seed, learningRate);
        return optimizer === 'adam'
          ? made
          : { ...made, compile: { ...made.compile, optimizer: sgd({ learningRate }) } };
      },
      data,
      { grid: { learningRate: [0.05, 1e30], optimizer: ['adam', 'sgd'] }, repeats: 2, seed: 7 },
    );
    const settings = [0.05, 1e30].flatMap((rate) => ['adam', 'sgd'].map((name) => [rate, name]));
    expect(runs).toEqual(settings.flatMap(([rate, name]) => [7, 8].map((seed) => [rate, name, seed])));
    expect(result.table.map(({ params: { learningRate, optimizer } }) => [learningRate, optimizer])).toEqual(settings);
    const failed = result.table.findLast(({ params }) => params.optimizer === 'sgd')!;
    expect(failed).toMatchObject({ runs: 2, failed: 2, metrics: {} });
    expect(result.best!.params.learningRate).toBe(0.05);
    const lines = studyCsv(result).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^round,learningRate,optimizer,runs,failed,loss_mean,loss_sd,/);
    expect(lines.map((line) => line.split(',').length)).toEqual(Array(5).fill(13));
    const [record] = result.records;
    const quoted = recordsCsv({ ...result, records: [{ ...record!, failed: 'a, "b"' }] });
    expect(quoted).toMatch(/^run,round,learningRate,.*,failed\nr0-s0-n0-f0,0,0.05,.*,"a, ""b"""\n$/);
    expect(recordsCsv(result)).toMatch(/,fit: step \d+: .*learningRate\n$/);
    expect(studyText(result)).toContain('2 (2 failed)');
  });

  test('the last name changes fastest; a value twice, no values and no names are refused', () => {
    expect(combinations({ a: [1, 2], b: ['x', 'y'] })).toEqual([
      { a: 1, b: 'x' },
      { a: 1, b: 'y' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
    ]);
    expect(() => combinations({ a: [1, 1] })).toThrow("grid has a value of 'a' twice: 1, 1");
    expect(() => combinations({ a: [] })).toThrow("no list of values for 'a'");
    expect(() => combinations({})).toThrow('grid is empty');
  });

  test('a data set of its own, or folds', async () => {
    const held = await gridSearch(
      ({ epochs }, { seed, train }) => {
        expect(train).toBe(data);
        return model(seed, 0.05, epochs);
      },
      data,
      { grid: { epochs: [1, 2] }, validation: take(data, 10) },
    );
    expect(held.records.map(({ fold, epochs }) => [fold, epochs])).toEqual([
      [null, 1],
      [null, 2],
    ]);
    const folded = await gridSearch(({ epochs }, { seed }) => model(seed, 0.05, epochs), data, {
      grid: { epochs: [1] },
      folds: 2,
      stratified: true,
    });
    expect(folded.table).toMatchObject([{ runs: 2, metrics: { val_loss: { n: 2 } } }]);
    await expect(
      gridSearch(() => model(1), data, { grid: { epochs: [1] }, folds: 2, validation: 0.2 }),
    ).rejects.toThrow('validation and folds exclude each other');
  });
});

test('the standard deviation is that of a sample', () => {
  expect(statistic([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ mean: 5, sd: Math.sqrt(32 / 7), n: 8 });
  expect(statistic([3])).toEqual({ mean: 3, sd: null, n: 1 });
});

describe('randomSearch', () => {
  test('draws from the ranges: logarithms, whole numbers and choices alike likely', () => {
    const space = {
      rate: logUniformRange(1e-4, 1),
      keep: uniformRange(-1, 3),
      units: integerRange(1, 4),
      kind: choiceRange(['a', 'b']),
    };
    const drawn = Array.from({ length: 4000 }, (_, trial) => draw(space, 9, 0, trial));
    const share = (holds: (params: (typeof drawn)[number]) => boolean) => drawn.filter(holds).length / drawn.length;
    // 5 standard deviations of a share of 4000 draws are 0.04 at most.
    for (const decade of [1e-4, 1e-3, 1e-2, 0.1]) {
      expect(
        Math.abs(share(({ rate }) => (rate as number) >= decade && (rate as number) < 10 * decade) - 0.25),
      ).toBeLessThan(0.04);
    }
    expect(Math.abs(share(({ keep }) => (keep as number) < 1) - 0.5)).toBeLessThan(0.04);
    for (const n of [1, 2, 3, 4]) expect(Math.abs(share(({ units }) => units === n) - 0.25)).toBeLessThan(0.04);
    expect(Math.abs(share(({ kind }) => kind === 'a') - 0.5)).toBeLessThan(0.04);
    expect(draw(space, 9, 0, 17)).toEqual(drawn[17]);
    expect(draw(space, 9, 1, 17)).not.toEqual(drawn[17]);
  });

  test('narrower ranges keep their width at the borders', () => {
    const ends = (range: { at(u: number): number }) => [range.at(0), range.at(1 - 2 ** -53)];
    expect(ends(uniformRange(0, 9).around(1, 1 / 3))).toEqual([0, 3]);
    expect(ends(uniformRange(0, 9).around(5, 1 / 3))).toEqual([3.5, 6.5]);
    expect(ends(logUniformRange(1e-4, 1).around(0.01, 0.5))).toEqual([1e-3, 0.1]);
    expect(ends(logUniformRange(1e-4, 1).around(1, 0.5))).toEqual([0.01, 1]);
    expect(ends(integerRange(1, 10).around(10, 0.4))).toEqual([6, 10]);
    expect(choiceRange(['a', 'b']).around('b', 0.5).at(0)).toBe('b');
  });

  test('later rounds draw around the best, and go on where they were cut short', async () => {
    const options = {
      space: { learningRate: logUniformRange(1e-4, 1) },
      trials: 3,
      rounds: 2,
      narrow: 0.25,
      seed: 2,
    } as const;
    const setup = counted(
      ({ learningRate }: { learningRate: number }, { seed, round }: { seed: number; round: number }) =>
        model(seed, learningRate, 1 + round),
    );
    const result = await randomSearch(setup, data, options);
    expect(result.table.map(({ round }) => round)).toEqual([0, 0, 0, 1, 1, 1]);
    const first = result.table.slice(0, 3);
    const best = first.reduce((a, b) => (b.metrics['val_accuracy']!.mean > a.metrics['val_accuracy']!.mean ? b : a));
    const around = logUniformRange(1e-4, 1).around(best.params.learningRate, 0.25);
    for (const { params } of result.table.slice(3)) {
      expect(params.learningRate).toBeGreaterThanOrEqual(around.at(0));
      expect(params.learningRate).toBeLessThanOrEqual(around.at(1 - 2 ** -53));
    }
    expect(result.records.map(({ epochs }) => epochs)).toEqual([1, 1, 1, 2, 2, 2]);

    const store = memoryStore();
    const interrupt = new AbortController();
    await randomSearch(setup, data, {
      ...options,
      store,
      signal: interrupt.signal,
      onProgress: (event) => event.type === 'result' && event.index === 3 && interrupt.abort(),
    });
    setup.calls = 0;
    const ended = await randomSearch(setup, data, { ...options, store });
    expect(setup.calls).toBe(2);
    expect(withoutTimes(ended.records)).toEqual(withoutTimes(result.records));
    await expect(randomSearch(setup, data, { ...options, narrow: 2 })).rejects.toThrow('narrow is 2');
  });
});

describe('learningRateFinder', () => {
  test('raises the rate by one factor and stops where the loss explodes', async () => {
    const store = memoryStore();
    const setup = counted(({ seed }: { seed: number }) => ({
      ...model(seed),
      model: sequential([dense({ units: 3, inputShape: [2] })], { seed }),
    }));
    // A quarter of the labels wrong, since a loss of separable classes survives any rate.
    const labels = Int32Array.from(data.y.data, (label, i) => (i % 4 === 0 ? (label + 1) % 3 : label));
    const noisy = dataset({ x: data.x.data, y: labels, shape: [2], classes: 3 });
    const options = { from: 1e-5, to: 1e5, steps: 70, seed: 1, store };
    const found = await learningRateFinder(setup, noisy, options);
    const { rates, losses, suggestion, minimum, stopped } = found;
    expect(rates.slice(0, 2)).toEqual([1e-5, 1e-5 * (1e5 / 1e-5) ** (1 / 69)]);
    expect(losses).toHaveLength(rates.length);
    expect(stopped).toMatch(/4 times its least|not finite|loss is/);
    expect(rates.length).toBeLessThan(70);
    expect(suggestion!).toBeGreaterThan(1e-3);
    expect(suggestion!).toBeLessThan(minimum!);
    expect(await learningRateFinder(setup, noisy, options)).toEqual(found);
    expect(setup.calls).toBe(1);
    const { losses: again } = await learningRateFinder(setup, noisy, { ...options, name: 'again' });
    expect(again).toEqual(losses);
    await expect(learningRateFinder(setup, noisy, { from: 1, to: 0.1 })).rejects.toThrow('from 1 to 0.1');
  });

  test('suggests the steepest fall before the least loss', () => {
    const rates = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1];
    expect(pick(rates, [2, 2, 1.8, 1, 0.9, 5])).toEqual({ suggestion: 1e-3, minimum: 0.1 });
    expect(pick(rates, [1, 2, 3, 4, 5, 6])).toEqual({ suggestion: null, minimum: 1e-5 });
    expect(pick([], [])).toEqual({ suggestion: null, minimum: null });
  });
});

describe('ensemble', () => {
  test('averages and votes as its members say, and takes them from its store', async () => {
    const store = memoryStore();
    const validations: number[] = [];
    const setup = counted(
      ({ seed, train, validation }: { seed: number; train: { size: number }; validation: { size: number } | null }) => {
        expect(train.size).toBe(60);
        validations.push(validation!.size);
        return model(seed, 0.05, 1);
      },
    );
    const made = (await ensemble(setup, data, { members: 3, seed: 4, store }))!;
    for (const size of validations) expect(Math.abs(size - 60 / Math.E)).toBeLessThan(60 / 4);
    const each = await Promise.all(made.members.map((member) => member.predict(data)));
    const softmax = (row: Float32Array) => {
      const powers = Array.from(row, Math.exp);
      return powers.map((power) => power / powers.reduce((a, b) => a + b));
    };
    const rows = each.map(({ data: all }) => softmax(all.subarray(0, 3)));
    const { shape, data: means } = await made.predict(data);
    expect(shape).toEqual([60, 3]);
    for (let c = 0; c < 3; c++) expect(means[c]).toBeCloseTo((rows[0]![c]! + rows[1]![c]! + rows[2]![c]!) / 3, 6);
    const measured = await made.evaluate(data);
    expect(measured.memberAccuracies).toHaveLength(3);
    const labels = await made.classes(data);
    expect(measured.accuracy).toBe(labels.filter((label, i) => label === data.y.data[i]).length / 60);

    setup.calls = 0;
    const again = (await ensemble(setup, data, { members: 3, seed: 4, store, combine: 'vote' }))!;
    expect(again.records).toEqual(made.records);
    expect((await again.members[2]!.predict(data)).data).toEqual(each[2]!.data);
    const votes = (await again.predict(data)).data;
    for (const share of votes) expect([0, 1, 2, 3]).toContain(Math.round(share * 3 * 1e4) / 1e4);
    made.dispose();
    again.dispose();
  });

  test('a tied vote goes to the larger mean; pairs that differ are counted', () => {
    const members = [Float64Array.of(0.6, 0.4, 0), Float64Array.of(0.1, 0.9, 0)];
    expect([...votesOf(members, 3)]).toEqual([0.5, 0.5, 0]);
    expect([...classesOf(tieBroken(votesOf(members, 3), Float64Array.of(0.35, 0.65, 0), 2), 3)]).toEqual([1]);
    const classes = [
      [0, 1, 1],
      [0, 1, 2],
      [1, 1, 1],
    ].map((of) => Int32Array.from(of));
    expect(disagreementOf(classes)).toBeCloseTo((1 + 1 + 2) / 9);
  });

  test("numbers: the members' mean error less their variance is the ensemble's error", async () => {
    const x = Float32Array.from({ length: 40 }, (_, i) => i / 20 - 1);
    const line = dataset({ x, y: { shape: [40, 1], data: x.map((v) => v * v) }, shape: [1] });
    const setup = ({ seed }: { seed: number }) => ({
      model: sequential([dense({ units: 4, activation: 'tanh', inputShape: [1] }), dense({ units: 1 })], { seed }),
      compile: { optimizer: 'adam', loss: 'mse' as const, device },
    });
    const made = (await ensemble(setup, line, { members: 3, bootstrap: false }))!;
    const { meanSquaredError, memberErrors, ambiguity } = await made.evaluate(line);
    const mean = memberErrors!.reduce((a, b) => a + b) / 3;
    expect(ambiguity).toBeGreaterThan(0);
    expect(meanSquaredError).toBeCloseTo(mean - ambiguity!, 12);
    await expect(made.classes(line)).rejects.toThrow('have no classes');
    expect(() => ensembleOf(made.members, { combine: 'vote', outputs: 'values' })).toThrow('numbers cannot vote');
    await expect(ensemble(setup, line, { repeats: 2 } as never)).rejects.toThrow("unknown option 'repeats'");
  });
});

test('the picture has a curve and a legend for each setting, bands where there are several runs', async () => {
  const result = await gridSearch(({ learningRate }, { seed }) => model(seed, learningRate, 3), data, {
    grid: { learningRate: [0.01, 0.05] },
    repeats: 2,
  });
  const svg = studySvg(result, { title: 'a < b' });
  expect(svg).toContain('a &lt; b');
  expect(svg.match(/<path[^>]*stroke-width="2"/g)).toHaveLength(4); // two settings in two panels
  expect(svg.match(/<polygon/g)).toHaveLength(4);
  expect(svg).toMatch(
    />1: learningRate 0\.01, \d\.\d{4} ± \d\.\d{4}( \(best\))?<.*>2: learningRate 0\.05, \d\.\d{4} ± \d\.\d{4}( \(best\))?</s,
  );
  expect(svg).toContain(
    '>Beside each name: val_accuracy, mean ± standard deviation of its runs; bands: one standard deviation.<',
  );
  expect(svg.match(/\(best\)/g)).toHaveLength(1);
  expect(studySvg(JSON.parse(JSON.stringify(result)) as typeof result, { title: 'a < b' })).toBe(svg);
  expect(svg).not.toMatch(/NaN|undefined|href|<script/);
  expect(studySvg(result, { metrics: ['loss'] }).match(/<path[^>]*stroke-width="2"/g)).toHaveLength(2);
  expect(() => studySvg(result, { metrics: ['los'] })).toThrow("studySvg: no metric 'los'");
  expect(studySvg({ ...result, table: [], records: [], best: null })).toContain('no values yet');
  // Numbers beside curves that end in one place are apart, in the panel, and around that place.
  const many = Array.from({ length: 9 }, (_, i) => ({ ...result.table[0]!, params: { learningRate: i + 1 } }));
  const alike = many.map(({ params }) => ({ ...result.records[0]!, params }));
  const drawn = studySvg({ ...result, table: many, records: alike }, { metrics: ['loss'] });
  const places = [...drawn.matchAll(/<text x="974" y="([\d.]+)"[^>]*>\d</g)].map(([, y]) => Number(y) - 4);
  expect(places).toHaveLength(9);
  for (const [i, y] of places.entries()) {
    if (i > 0) expect(y - places[i - 1]!).toBeCloseTo(12, 6);
    expect(y >= 58 && y <= 338).toBe(true);
  }
});
