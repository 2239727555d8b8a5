import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/core/errors.ts';
import {
  compiledLine,
  cpuLine,
  epochLine,
  headerLines,
  liveLine,
  nonFiniteLine,
  sparkline,
  summaryLines,
  terminalMode,
  type EpochState,
  type HeaderInfo,
  type LiveState,
  type RunSummary,
} from '../../src/train/terminal.ts';
import {
  bytesText,
  clockText,
  durationText,
  flopsText,
  metricText,
  plainText,
  rateText,
  stepTimeText,
  thousands,
} from '../../src/train/text.ts';

const header: HeaderInfo = {
  device: ['NVIDIA ada-lovelace', 'WebGPU/Dawn', 'f32', 'subgroups 32'],
  data: { name: 'fashion-mnist', train: 54_000, validation: 6_000, test: 10_000 },
  model: { name: 'cnn-s', params: 9_098, bytes: 36_392, flopsPerSample: 580_160 },
  run: { path: 'runs/cnn-s-0007', seed: 42 },
};
const epoch: EpochState = {
  epoch: 1,
  epochs: 5,
  seconds: 4.09,
  samplesPerSecond: 13_203,
  metrics: { loss: 0.60123, accuracy: 0.78533, val_loss: 0.4521, val_accuracy: 0.8377 },
  best: true,
};
const live: LiveState = {
  epoch: 2,
  epochs: 5,
  step: 432,
  steps: 844,
  seconds: 2.117,
  metrics: { loss: 0.4412, accuracy: 0.8391 },
};
const summary: RunSummary = {
  best: { epoch: 4, metrics: { val_loss: 0.3312, val_accuracy: 0.881 } },
  test: { loss: 0.3512, accuracy: 0.8744 },
  history: {
    loss: [0.6012, 0.4412, 0.39, 0.3401, 0.3],
    accuracy: [0.7853, 0.8391, 0.86, 0.875, 0.8902],
    val_loss: [0.4521, 0.4, 0.35, 0.3312, 0.34],
  },
  stopped: 'epoch 5: val_loss did not improve for 1 epoch',
  saved: 'runs/cnn-s-0007/model.safetensors',
  command: 'retrograd train cnn-s --data fashion-mnist --seed 42',
};

describe('the specified sample, letter for letter', () => {
  test('header', () => {
    expect(headerLines(header)).toEqual([
      'device  NVIDIA ada-lovelace · WebGPU/Dawn · f32 · subgroups 32',
      'data    fashion-mnist  train 54 000  val 6 000  test 10 000',
      'model   cnn-s  9 098 params (35.5 KiB)  0.58 MFLOP/sample',
      'run     runs/cnn-s-0007  seed 42',
    ]);
  });
  test('epoch', () => {
    expect(epochLine(epoch)).toBe(
      '  1/5  4.1 s  13.2k img/s  loss 0.6012  acc 0.7853 | val_loss 0.4521  val_acc 0.8377 *',
    );
  });
  test('live line', () => {
    expect(liveLine(live, 120, { ascii: true })).toBe(
      '  2/5  432/844 [==========>---------]  51%  elapsed 0:02  left 0:02  4.9 ms/step  loss 0.4412  acc 0.8391',
    );
  });
  test('non-finite loss', () => {
    const found = {
      step: 231,
      loss: NaN,
      lastFinite: { loss: 4.3118, step: 229 },
      tensor: 'conv2.weight.grad',
      checkpointStep: 200,
      learningRate: 1e-3,
    };
    expect(nonFiniteLine(found)).toBe(
      'step 231: loss is NaN (last finite 4.31 at step 229); first non-finite tensor: conv2.weight.grad. Kept checkpoint of step 200. Try --lr 1e-4 or --clip-norm 1.',
    );
    expect(nonFiniteLine({ step: 1, loss: -Infinity })).toBe(
      'step 1: loss is -Inf. Try a smaller --lr or --clip-norm 1.',
    );
  });
  test('compilation and CPU', () => {
    expect(compiledLine({ pipelines: 14, seconds: 0.42 })).toBe('compiled 14 pipelines in 0.4 s');
    expect(compiledLine({ pipelines: 1, seconds: 0.42 })).toBe('compiled 1 pipeline in 0.4 s');
    expect(cpuLine({ reason: 'navigator.gpu is absent', secondsPerEpoch: 83.4 })).toBe(
      'no WebGPU adapter (navigator.gpu is absent); using CPU, expect about 83 s/epoch',
    );
  });
});

describe('live line', () => {
  test.each([
    [
      120,
      false,
      '  2/5  432/844 [━━━━━━━━━━╸─────────]  51%  elapsed 0:02  left 0:02  4.9 ms/step  loss 0.4412  acc 0.8391',
    ],
    [
      120,
      true,
      '  2/5  432/844 [==========>---------]  51%  elapsed 0:02  left 0:02  4.9 ms/step  loss 0.4412  acc 0.8391',
    ],
    [100, true, '  2/5  432/844 [=====>----]  51%  elapsed 0:02  left 0:02  4.9 ms/step  loss 0.4412  acc 0.8391'],
    [80, false, '  2/5  432/844  51%  elapsed 0:02  left 0:02  loss 0.4412  acc 0.8391'],
    [60, true, '  2/5  432/844  51%  elapsed 0:02  left 0:02  loss 0.4412  a'],
    [0, true, ''],
  ])('at %i columns, ascii %s', (width, ascii, golden) => {
    const line = liveLine(live, width, { ascii });
    expect(line).toBe(golden);
    expect(line.length).toBeLessThanOrEqual(width);
  });

  test('in a log: no bar, no limit, no control character', () => {
    const line = liveLine(live, Infinity, { ascii: true, bar: false });
    expect(line).toBe('  2/5  432/844  51%  elapsed 0:02  left 0:02  4.9 ms/step  loss 0.4412  acc 0.8391');
  });

  test('the first, compiling step counts neither in the rate nor in the time left', () => {
    const compiling = { ...live, step: 11, steps: 21, seconds: 3, firstStepSeconds: 2 };
    expect(liveLine(compiling, 120, { ascii: true })).toContain('elapsed 0:03  left 0:01  100.0 ms/step');
    expect(liveLine({ ...compiling, step: 1, seconds: 2 }, 120, { ascii: true })).toContain(
      'elapsed 0:02  left -:--  loss',
    );
    expect(liveLine({ ...live, step: 0, seconds: 0 }, 120, { ascii: true })).toContain(
      '  0/844 [>-------------------]   0%  elapsed 0:00  left -:--',
    );
  });

  test('a whole bar', () => {
    expect(liveLine({ ...live, step: 844 }, 120, { ascii: true })).toContain('844/844 [====================] 100%');
  });
});

describe('epoch line', () => {
  test('without validation, of an unknown best, in other units', () => {
    const line = epochLine({
      epoch: 7,
      epochs: 20,
      seconds: 125,
      samplesPerSecond: 87,
      unit: 'char',
      metrics: { loss: 4.2e-5 },
    });
    expect(line).toBe('   7/20  2:05 min  87 char/s  loss 4.2000e-05');
  });
});

describe('after training', () => {
  test('in UTF-8', () => {
    expect(summaryLines(summary).join('\n')).toMatchInlineSnapshot(`
      "stopped epoch 5: val_loss did not improve for 1 epoch
      best    epoch 4  val_loss 0.3312  val_acc 0.8810
      test    loss 0.3512  acc 0.8744
      curves  loss      █▄▃▂▁  0.3000
              acc       ▁▅▆▇█  0.8902
              val_loss  █▅▂▁▁  0.3400
      saved   runs/cnn-s-0007/model.safetensors
      repeat  retrograd train cnn-s --data fashion-mnist --seed 42"
    `);
  });
  test('in ASCII', () => {
    const text = summaryLines(summary, { ascii: true }).join('\n');
    expect(text).toMatchInlineSnapshot(`
      "stopped epoch 5: val_loss did not improve for 1 epoch
      best    epoch 4  val_loss 0.3312  val_acc 0.8810
      test    loss 0.3512  acc 0.8744
      curves  loss      #-.__  0.3000
              acc       _-=##  0.8902
              val_loss  #-___  0.3400
      saved   runs/cnn-s-0007/model.safetensors
      repeat  retrograd train cnn-s --data fashion-mnist --seed 42"
    `);
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  });
  test('only what there is', () => {
    expect(summaryLines({ best: { epoch: 1, metrics: { loss: 0.5 } }, history: {} })).toEqual([
      'best    epoch 1  loss 0.5000',
    ]);
  });
});

describe('sparkline', () => {
  test.each([
    [[], ''],
    [[1], '▁'],
    [[2, 2, 2], '▁▁▁'],
    [[0, 1, 2, 3, 4, 5, 6, 7], '▁▂▃▄▅▆▇█'],
    [[1, NaN, 0, Infinity], '█x▁x'],
    [[NaN], 'x'],
  ])('%j', (values, golden) => {
    expect(sparkline(values)).toBe(golden);
  });
  test('at most 40 columns, each the mean of its part', () => {
    const values = Array.from({ length: 1000 }, (_, i) => i);
    expect(sparkline(values)).toHaveLength(40);
    expect(sparkline([0, 2, 10, 12], { width: 2, ascii: true })).toBe('_#');
  });
});

describe('nothing steers the terminal', () => {
  const evil = 'a\u001b[31m\r\nb\u009b2J\u2028c\u202e';
  test('control characters are replaced in every line', () => {
    const lines = [
      ...headerLines({ ...header, data: { name: evil, train: 1 }, device: [evil], run: { path: evil, seed: 1 } }),
      ...summaryLines({ ...summary, saved: evil, command: evil, stopped: evil, history: { [evil]: [1] } }),
      epochLine({ ...epoch, unit: evil, metrics: { [evil]: 1 } }),
      liveLine({ ...live, metrics: { [evil]: 1 } }, 200),
      nonFiniteLine({ step: 1, loss: NaN, tensor: evil }),
      cpuLine({ reason: evil, secondsPerEpoch: 1 }),
    ];
    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e]/u);
    expect(plainText(evil)).toBe('a?[31m??b?2J?c?');
  });
});

test('unknown fields are refused', () => {
  expect(() => liveLine({ ...live, sekonds: 3 } as LiveState, 80)).toThrow(
    "liveLine: unknown option 'sekonds', did you mean 'seconds'?",
  );
  expect(() => headerLines(header, { asci: true } as never)).toThrow(OptionError);
});

test('terminalMode', () => {
  const utf8 = { LANG: 'en_GB.UTF-8', TERM: 'xterm-256color' };
  expect(terminalMode(utf8, true)).toEqual({ live: true, ascii: false });
  expect(terminalMode(utf8, false)).toEqual({ live: false, ascii: false });
  expect(terminalMode({ ...utf8, CI: 'true' }, true).live).toBe(false);
  expect(terminalMode({ ...utf8, TERM: 'dumb' }, true).live).toBe(false);
  expect(terminalMode({ ...utf8, LC_ALL: 'C' }, true).ascii).toBe(true);
  expect(terminalMode({}, true)).toEqual({ live: true, ascii: true });
});

test('numbers', () => {
  expect([0, 999, 1000, 9098, 1234567].map(thousands)).toEqual(['0', '999', '1 000', '9 098', '1 234 567']);
  expect([0, 1023, 1024, 36_392, 1024 ** 2 - 1, 5 * 1024 ** 3].map(bytesText)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '35.5 KiB',
    '1.0 MiB',
    '5.0 GiB',
  ]);
  expect([0, 128, 5000, 580_160, 3.1e9].map(flopsText)).toEqual([
    '0 FLOP',
    '128 FLOP',
    '5.00 kFLOP',
    '0.58 MFLOP',
    '3.10 GFLOP',
  ]);
  expect([0, 1e-3, 9.9e-4, -5e-5, 1, 12345.67891, 2.5e9, 1e-120, NaN, Infinity].map(metricText)).toEqual([
    '0.0000',
    '0.0010',
    '9.9000e-04',
    '-5.0000e-05',
    '1.0000',
    '12345.6789',
    '2.5000e+09',
    '1.0000e-120',
    'NaN',
    'Inf',
  ]);
  expect([0.04, 59.9, 59.96, 3599, 3725].map(durationText)).toEqual([
    '0.0 s',
    '59.9 s',
    '1:00 min',
    '59:59 min',
    '1:02:05 h',
  ]);
  expect([0, 59.6, 3725].map(clockText)).toEqual(['0:00', '1:00', '1:02:05']);
  expect([4e-5, 0.0049, 0.99999, 2.25].map((seconds) => stepTimeText(seconds, false))).toEqual([
    '40 µs/step',
    '4.9 ms/step',
    '1.0 s/step',
    '2.3 s/step',
  ]);
  expect(stepTimeText(4e-5, true)).toBe('40 us/step');
  expect([3.21, 87, 999.7, 13_203, 1.3e6].map(rateText)).toEqual(['3.2', '87', '1.0k', '13.2k', '1.3M']);
});
