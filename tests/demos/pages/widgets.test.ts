// The widgets and the presenter's keys, pressed as a user presses them.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { pack, unpack } from '../../../demos/shared/state.ts';
import { open, settled, type Opened } from './open.ts';

let opened: Opened;
beforeAll(async () => {
  opened = await open('widgets/');
});
beforeEach(() => opened.load('widgets/#v=1&lang=en&theme=light'));
afterEach(() => {
  const wrong = opened.wrong.splice(0);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
});
afterAll(() => opened.close());

const press = async (...keys: string[]): Promise<void> => {
  for (const key of keys) await opened.page.keyboard.press(key as 'Enter');
  await settled(opened.page);
};
const place = (): Promise<string> =>
  opened.page.evaluate(() => {
    const { row = '-', column = '-' } = (document.activeElement as HTMLElement).dataset;
    return `${row},${column}`;
  });
const values = (): Promise<string> =>
  opened.page.$$eval('[role=gridcell]', (cells) => cells.map((cell) => cell.textContent).join(' '));
const hash = (): Promise<string> => opened.page.evaluate(() => location.hash);
const focusGrid = async (): Promise<void> => opened.page.focus('[role=gridcell][tabindex="0"]');
const paste = (text: string): Promise<void> =>
  opened.page.evaluate((pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', pasted);
    document.activeElement!.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
    );
  }, text);

describe('the grid', () => {
  test('moves by arrows, Home, End and their corners, with one Tab stop', async () => {
    await focusGrid();
    const seen = [];
    for (const keys of [['ArrowRight'], ['ArrowDown'], ['End'], ['ArrowRight'], ['Home'], ['ArrowUp'], ['ArrowUp']]) {
      await press(...keys);
      seen.push(await place());
    }
    expect(seen).toEqual(['0,1', '1,1', '1,3', '1,3', '1,0', '0,0', '0,0']);
    await opened.page.keyboard.down('Control');
    await press('End');
    expect(await place()).toBe('2,3');
    await press('Home');
    await opened.page.keyboard.up('Control');
    expect(await place()).toBe('0,0');
    await press('ArrowDown');
    expect(await opened.page.$$eval('[role=gridcell][tabindex="0"]', (stops) => stops.length)).toBe(1);
    await press('Tab');
    expect(await place()).toBe('-,-');
  });

  test('is edited by typing, Enter, F2 and a click, in either notation; Escape cancels', async () => {
    await focusGrid();
    await press('7', 'Enter');
    await press('ArrowRight', '0', ',', '5', 'ArrowRight');
    expect(await place()).toBe('0,2');
    await press('-', '3', '.', '2', '5', 'Enter');
    expect(await values()).toMatch(/^7 0.5 −3.25 0 /);
    await press('F2', '9', 'Escape');
    expect(await values()).toMatch(/^7 0.5 −3.25 0 /);
    await press('Enter', '4', 'Enter');
    expect(await values()).toMatch(/^7 0.5 4 0 /);
    await opened.page.click('[role=gridcell][data-row="1"][data-column="0"]');
    await press('8', 'Enter');
    expect(await values()).toMatch(/^7 0.5 4 0 8 /);
    expect(await place()).toBe('1,0');
    await press('x', 'Enter', '5', 'e', '9', 'Enter');
    expect(await values(), 'limits hold').toMatch(/^7 0.5 4 0 99 /);
  });

  test('refuses what is no number, and keeps the old one', async () => {
    await focusGrid();
    await press('1', ',', ',', 'Enter');
    expect(await opened.page.$eval('input.edit', (input) => input.getAttribute('aria-invalid'))).toBe('true');
    await press('Escape');
    expect(await values()).toMatch(/^0 0 /);
  });

  test('takes a pasted block where it stands, and no more than fits', async () => {
    await focusGrid();
    await press('ArrowRight');
    await paste('1\t2\t3\t4\n5\t6\t7\t8');
    await settled(opened.page);
    expect(await values()).toBe('0 1 2 3 0 5 6 7 0 0 0 0');
    await paste('[[9, -1]]');
    await settled(opened.page);
    expect(await values()).toBe('0 9 −1 3 0 5 6 7 0 0 0 0');
    await paste('no numbers');
    await settled(opened.page);
    expect(await values()).toBe('0 9 −1 3 0 5 6 7 0 0 0 0');
  });

  test('names each cell by its place, value and note', async () => {
    expect(await opened.page.$eval('[role=gridcell]', (cell) => cell.getAttribute('aria-label'))).toBe(
      'input, row 1, column 1, value 0, current step',
    );
  });

  test('keeps its focus and its place in the link through changes', async () => {
    await focusGrid();
    await press('ArrowDown', '5', 'Enter', 'PageDown');
    expect(await place()).toBe('1,0');
    await opened.page.waitForFunction(() => location.hash.includes('x=3x4:0,0,0,0,5,'));
    expect(await hash()).toContain('step=1');
  });
});

describe("the presenter's keys", () => {
  const step = (): Promise<string> => opened.page.$eval('.stepper output', (output) => output.textContent);

  test('step, jump, play, pause and change the speed', async () => {
    await press('ArrowRight', 'PageDown', ' ');
    expect(await step()).toBe('step 4 of 12');
    await press('ArrowLeft', 'PageUp');
    expect(await step()).toBe('step 2 of 12');
    await press('End');
    expect(await step()).toBe('step 12 of 12');
    await press('Home');
    expect(await step()).toBe('step 1 of 12');
    await press('+', '+', '+', '+');
    expect(await opened.page.$eval('.speed select', (select) => (select as HTMLSelectElement).value)).toBe('8');
    await press('p');
    await opened.page.waitForFunction(() => /step [3-9] /.test(document.querySelector('.stepper output')!.textContent));
    await press('p');
    const stopped = await step();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await step()).toBe(stopped);
    await press('-');
    expect(await opened.page.$eval('.speed select', (select) => (select as HTMLSelectElement).value)).toBe('4');
  });

  test('rest while text is typed, and leave arrows to the grid', async () => {
    await opened.page.focus('input.digits');
    await press('ArrowRight', ' ', 'p', 'End');
    await focusGrid();
    await press('ArrowRight', 'End');
    expect(await step()).toBe('step 1 of 12');
    await press('PageDown');
    expect(await step(), 'a clicker works wherever the focus is').toBe('step 2 of 12');
  });

  test('? shows them, and Escape closes them', async () => {
    await press('?');
    expect(await opened.page.$eval('#shortcuts-dialog', (dialog) => (dialog as HTMLDialogElement).open)).toBe(true);
    await press('Escape');
    expect(await opened.page.$eval('#shortcuts-dialog', (dialog) => (dialog as HTMLDialogElement).open)).toBe(false);
  });
});

describe('the address', () => {
  test('follows sliders once they have rested for 250 ms, and presets at once, so that Back returns', async () => {
    const length = (): Promise<number> => opened.page.evaluate(() => history.length);
    const before = await length();
    await opened.page.focus('input[type=range]');
    const { count, rested } = await opened.page.evaluate(async () => {
      let count = 0;
      let moved = 0;
      let written = 0;
      const original = history.replaceState.bind(history);
      history.replaceState = (...given) => {
        count++;
        written = performance.now();
        original(...given);
      };
      const slider = document.querySelector<HTMLInputElement>('input[type=range]')!;
      for (let i = 0; i < 20; i++) {
        slider.value = String(1 + (i % 5));
        moved = performance.now();
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await new Promise((resolve) => setTimeout(resolve, 400));
      return { count, rested: written - moved };
    });
    expect(count).toBe(1);
    expect(rested).toBeGreaterThanOrEqual(249);
    expect(await length()).toBe(before);
    expect(await hash()).toContain('rows=5');
    await opened.page.click('#preset');
    await opened.page.waitForFunction(() => location.hash.includes('x=5x4:-5,-4'));
    expect(await length()).toBe(before + 1);
    await opened.page.goBack();
    await opened.page.waitForFunction(() => document.querySelector('[role=gridcell]')!.textContent === '0');
    expect(await hash()).toContain('rows=5');
  });

  test('opens a compressed link, and keeps in it what the page does not know', async () => {
    const later = 'n'.repeat(2000);
    await opened.hash(await pack(`v=1&rows=2&later=${later}`));
    expect(await values(), 'two rows').toBe('0 0 0 0 0 0 0 0');
    await press('PageDown');
    await opened.page.waitForFunction(() => location.hash.includes('step=1'));
    expect(await hash()).toMatch(/^#v=1&step=1&z=[\w-]{1,60}$/);
    const { plain } = await unpack(await hash());
    expect(plain.endsWith(`&later=${later}`), plain).toBe(true);
    expect(await opened.page.$('.notice')).toBeNull();
  });

  test('keeps keys the page does not know, and hides the parts a teacher hides', async () => {
    await opened.hash('v=1&later=7&hide=controls,stepper&rows=2');
    await press('PageDown');
    await opened.page.waitForFunction(() => location.hash.includes('step=1'));
    expect(await hash()).toContain('later=7');
    expect(
      await opened.page.$$eval('[hidden]', (hidden) => hidden.map((part) => part.getAttribute('data-part'))),
    ).toEqual(['controls', 'stepper']);
  });

  test('names the language and the theme that were chosen in the header', async () => {
    await opened.page.click('.segments button[lang=fr]');
    await opened.page.select('header select', 'dark');
    await opened.page.waitForFunction(() => location.hash === '#v=1&lang=fr&theme=dark');
    await opened.page.goto(opened.page.url().replace(/#.*/, '?again'));
    await opened.page.waitForSelector('#content');
    const kept = await opened.page.evaluate(() => [
      document.documentElement.lang,
      document.documentElement.dataset.theme,
    ]);
    expect(kept, 'remembered where the link does not say').toEqual(['fr', 'dark']);
  });
});

test('typed numbers take either notation and stay within their limits', async () => {
  const [, rate] = await opened.page.$$('input.digits');
  const type = async (text: string): Promise<string> => {
    await rate!.click({ count: 3 });
    await opened.page.keyboard.type(text);
    await press('Enter');
    return rate!.evaluate((input) => (input as HTMLInputElement).value);
  };
  expect([await type('0,75'), await type('0.5'), await type('7'), await type('x')]).toEqual(['0.75', '0.5', '1', '1']);
});

test('a figure is saved as an SVG that needs no style sheet, and copied as a frame', async () => {
  await opened.page.evaluate(() => {
    const kept = window as unknown as { blob: Promise<string>; copied: string };
    URL.createObjectURL = (blob) => {
      kept.blob = (blob as Blob).text();
      return 'blob:none';
    };
    HTMLAnchorElement.prototype.click = () => undefined;
    Object.defineProperty(navigator, 'clipboard', {
      value: {
        writeText: (text: string) => {
          kept.copied = text;
          return Promise.resolve();
        },
      },
    });
  });
  await opened.page.click('.menu summary');
  const [save, copyMarkdown, copyFrame] = await opened.page.$$('.menu button');
  await save!.click();
  const saved = await opened.page.evaluate(() => (window as unknown as { blob: Promise<string> }).blob);
  expect(saved).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(saved).not.toContain('var(');
  expect(saved.match(/<text /g)).toHaveLength(12);
  const copied = async (): Promise<string> => {
    await settled(opened.page);
    return opened.page.evaluate(() => (window as unknown as { copied: string }).copied);
  };
  await copyMarkdown!.click();
  expect(await copied()).toMatch(/^\[input\]\(http.*#v=1&lang=en&theme=light\)$/);
  await copyFrame!.click();
  expect(await copied()).toMatch(/^<iframe src="http.*#v=1&amp;lang=en&amp;theme=light&amp;embed=1" title="input"/);
});
