import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DataError, OptionError } from '../../src/core/errors.ts';
import { csvDataset, readCsv } from '../../src/data/csv.ts';

describe('readCsv', () => {
  test('quotes, line ends and empty lines', () => {
    const table = readCsv('a,b\r\n1,"x, ""y""\nz"\n\n2,\n');
    expect(table.columns).toEqual(['a', 'b']);
    expect(table.size).toBe(2);
    expect([...table.numbers('a')]).toEqual([1, 2]);
    expect(table.text('b')).toEqual(['x, "y"\nz', '']);
  });

  test('French tables: semicolons and decimal commas, with a mark at the start', () => {
    const table = readCsv(new TextEncoder().encode('\ufeffâge;poids\n12;40,5\n9;1e1\n'), { decimal: ',' });
    expect(table.columns).toEqual(['âge', 'poids']);
    expect([...table.numbers('poids')]).toEqual([40.5, 10]);
  });

  test('without a header, tabs', () => {
    const table = readCsv('1\t2\n3\t4', { header: false });
    expect(table.columns).toEqual(['0', '1']);
    expect([...table.numbers('1')]).toEqual([2, 4]);
  });

  test('an empty field in quotes is a field', () => {
    expect(readCsv('a\n""\n').text('a')).toEqual(['']);
  });

  test.each([
    ['', 'readCsv: the table has no line', 0],
    ['a,b\n1,2\né,3,4', 'readCsv: line 3 has 3 fields, expected 2 as in line 1', 8],
    ['a\n"b', 'readCsv: the quote in line 2 is never closed', 2],
    ['a\n"b"c', 'readCsv: line 2 has "c" after a closing quote, expected a separator', 5],
    ['a,a\n', "readCsv: two columns are called 'a', expected a name for each", 0],
  ])('%j', (text, message, offset) => {
    expect(() => readCsv(text)).toThrow(new DataError(message, offset));
  });

  test('fields that are no numbers, columns that are not there, bytes that are no text', () => {
    const table = readCsv('a,bravo\n1,2\n3,x\n');
    expect(() => table.numbers('bravo')).toThrow('readCsv: line 3, column \'bravo\' is "x", expected a number');
    expect(() => table.text('brovo')).toThrow(
      new OptionError("readCsv: no column 'brovo', did you mean 'bravo'?; known: a, bravo"),
    );
    expect(() => readCsv(Uint8Array.of(0x61, 0xff))).toThrow('not UTF-8');
    expect(() => readCsv('a', { separator: ',,' })).toThrow(OptionError);
  });
});

describe('csvDataset', () => {
  const table = readCsv('w,h,kind\n1,2,cat\n3,4,dog\n5,6,cat\n');
  test('classes by name', () => {
    const { data, classNames } = csvDataset(table, { target: 'kind' });
    expect(classNames).toEqual(['cat', 'dog']);
    expect([...data.y.data]).toEqual([0, 1, 0]);
    expect([...data.x.data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(data.classes).toBe(2);
  });
  test('numeric classes in the order of numbers', () => {
    const { classNames, data } = csvDataset(readCsv('x,y\n0,10\n0,9\n0,10'), { target: 'y' });
    expect(classNames).toEqual(['9', '10']);
    expect([...data.y.data]).toEqual([1, 0, 1]);
  });
  test('numbers', () => {
    const { data } = csvDataset(table, { features: ['w'], target: 'h', kind: 'number' });
    expect([...data.y.data]).toEqual([2, 4, 6]);
    expect(data.y.data).toBeInstanceOf(Float32Array);
    expect(data.x.shape).toEqual([1]);
  });
});

const series = new URL('../../../shared/data/timeseries/daily-min-temperatures.csv', import.meta.url);
test.skipIf(!existsSync(series))('a published time series (skipped where the file is absent)', () => {
  const table = readCsv(readFileSync(series));
  expect(table.size).toBe(3650);
  const last = table.numbers(table.columns.at(-1)!);
  expect([last[0], Math.max(...last)]).toEqual([20.7, 26.3]);
});
