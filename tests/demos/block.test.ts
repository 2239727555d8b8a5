// Blocks of numbers as they come from spreadsheets, code and texts, in both languages.

import { expect, test } from 'vitest';

import { readBlock } from '../../demos/shared/block.ts';

test.each([
  [
    '1\t2\n3\t4',
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [
    '1,5\t-2\r\n3\t4\r\n',
    [
      [1.5, -2],
      [3, 4],
    ],
  ],
  [
    '[[1, 2], [3, 4.5]]',
    [
      [1, 2],
      [3, 4.5],
    ],
  ],
  ['[1, 2, 3]', [[1, 2, 3]]],
  [
    '1 0 -1\n1 0 -1',
    [
      [1, 0, -1],
      [1, 0, -1],
    ],
  ],
  [
    '1,2,3\n4,5,6',
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  ],
  ['1, 2, 3', [[1, 2, 3]]],
  [
    '0,5; 1,5\n2;3',
    [
      [0.5, 1.5],
      [2, 3],
    ],
  ],
  ['0,5 1,5', [[0.5, 1.5]]],
  ['  7', [[7]]],
  ['0,5', [[0.5]]],
  ['−3', [[-3]]],
  ['', null],
  ['hello', null],
  ['1 x 2', null],
  ['[1, "2"]', null],
  ['[[]]', null],
  ['[1, [2]]', null],
  ['{"a": 1}', null],
])('%j', (text, rows) => {
  expect(readBlock(text)).toEqual(rows);
});
