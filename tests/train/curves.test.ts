import { describe, expect, test } from 'vitest';
import { curvesSvg } from '../../src/train/curves.ts';
import { axisTicks, tickText } from '../../src/train/ticks.ts';

const history = {
  loss: [0.9, 0.6, 0.45, 0.38],
  accuracy: [0.7, 0.8, 0.85, 0.87],
  val_loss: [0.7, 0.5, 0.46, 0.48],
  val_accuracy: [0.75, 0.82, 0.84, 0.84],
};

/** Every tag is closed in order: enough of XML to notice a broken string. */
function wellFormed(svg: string): boolean {
  const open: string[] = [];
  for (const [, close, name, , self] of svg.matchAll(/<(\/?)([a-z]+)((?:\s[\w:-]+="[^"<>]*")*)\s*(\/?)>/g)) {
    if (close) {
      if (open.pop() !== name) return false;
    } else if (!self) open.push(name!);
  }
  return open.length === 0 && !/&(?!amp;|lt;|gt;|quot;)/.test(svg);
}

describe('curvesSvg', () => {
  test('two panels, four curves told apart without colour, one best epoch', () => {
    const svg = curvesSvg(history, { title: 'cnn-s on fashion-mnist', width: 800, height: 400 });
    expect(wellFormed(svg)).toBe(true);
    expect(svg).toContain('width="800" height="400"');
    expect(svg.match(/<g>/g)).toHaveLength(2);
    expect(svg.match(/<path[^>]*stroke="#0072B2"/g)).toHaveLength(2);
    expect(svg.match(/<path[^>]*stroke="#D55E00"[^>]*stroke-dasharray/g)).toHaveLength(2);
    expect(svg.match(/<polygon/g)).toHaveLength(3); // one in each panel and one in the legend
    expect(svg).toContain('best epoch (3)');
    expect(svg).toContain('4 epochs, best epoch 3: loss from 0.9 to 0.38, val_loss from 0.7 to 0.48');
    expect(svg).not.toMatch(/NaN|undefined|href|<script|url\(/);
  });

  test('titles are escaped', () => {
    const svg = curvesSvg(history, { title: '</text><script>alert("1")</script> & \u0000\ud800' });
    expect(wellFormed(svg)).toBe(true);
    expect(svg).toContain('&lt;/text&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; ??');
  });

  test.each([
    ['nothing', {}],
    ['empty lists', { loss: [], val_loss: [] }],
    ['one epoch', { loss: [1] }],
    ['constant values', { loss: [0, 0, 0] }],
    ['gaps', { loss: [1, NaN, 2, Infinity, 3], val_loss: [NaN, NaN] }],
    ['only NaN', { loss: [NaN, NaN] }],
    ['huge values', { loss: [1e300, -1e300] }],
    ['the largest doubles', { loss: [Number.MAX_VALUE, -Number.MAX_VALUE] }],
    ['the smallest doubles', { loss: [5e-324, 0] }],
    ['many epochs', { loss: Array.from({ length: 1000 }, (_, i) => 1 / (i + 1)) }],
    ['names of the prototype', { constructor: [1], toString: [2] } as never],
  ])('%s', (_, odd) => {
    const svg = curvesSvg(odd);
    expect(wellFormed(svg)).toBe(true);
    expect(svg.replace(/<desc.*<\/desc>/, '')).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('gaps break the line', () => {
    expect(curvesSvg({ loss: [1, 2, NaN, 1, 2] })).toMatch(/<path d="M[^M"]*M[^M"]*" fill="none" stroke="#0072B2"/);
  });

  test('unknown options', () => {
    expect(() => curvesSvg(history, { titel: 'x' } as never)).toThrow(
      "curvesSvg: unknown option 'titel', did you mean 'title'?",
    );
  });
});

describe('ticks', () => {
  test.each([
    [0.3, 0.9, 5, ['0.2', '0.4', '0.6', '0.8', '1.0']],
    [0, 1, 5, ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']],
    [0.7853, 0.8902, 4, ['0.75', '0.80', '0.85', '0.90']],
    [3, 3, 2, ['2.5', '3.0', '3.5']],
    [0, 12_000_000, 3, ['0', '5e6', '1e7', '1.5e7']],
  ])('%d to %d in %i', (low, high, count, golden) => {
    const ticks = axisTicks(low, high, count);
    expect(ticks.map((tick) => tickText(tick, ticks))).toEqual(golden);
  });
});
