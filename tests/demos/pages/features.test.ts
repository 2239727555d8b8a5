// The lab on a GPU without WebGPU's optional features (E5): what they would have done says so, and all else stays.

import { expect, test } from 'vitest';

import { measured, patience, ready, texts } from './bench_page.ts';
import { axeViolations } from './checks.ts';

/** Neither the adapter's nor the device's features have any of the optional ones. */
const without = `Object.defineProperty(GPUAdapter.prototype, 'features', { get: () => new Set(['core-features-and-limits']) });`;

test(
  'E5: without optional features only what needs them is left out, with the reason, in both languages',
  patience,
  async () => {
    const { page, hash, wrong, close } = await ready(
      'lang=en&theme=light&suites=gemm,steps&gemm=16x24x32&variants=quad&roofs=0&find=matmul',
      {
        before: () =>
          void Object.defineProperty(GPUAdapter.prototype, 'features', {
            get: () => new Set(['core-features-and-limits']),
          }),
        worker: without,
      },
    );
    const link = (lang: string): string =>
      `v=1&lang=${lang}&theme=light&suites=gemm&gemm=16x24x32&variants=quad&roofs=0`;
    await hash(link('en'));
    await page.waitForSelector('[data-code=E5]');
    const reasons = (): Promise<string[][]> =>
      page.$$eval('[aria-describedby^=lacks-]', (controls) =>
        controls.map((control) => [
          control.getAttribute('aria-describedby')!.slice('lacks-'.length),
          document.getElementById(control.getAttribute('aria-describedby')!)!.textContent,
        ]),
      );
    expect(await reasons()).toEqual([
      ['timestamp-query', expect.stringContaining('This device lacks timestamp-query') as string],
      ['shader-f16', expect.stringContaining('This device lacks shader-f16') as string],
      ['subgroups', expect.stringContaining('This device lacks subgroups') as string],
    ]);
    await measured(page);
    const rows = await texts(page, '#rows tbody .c-variant');
    expect(rows).toEqual(
      ['quad_32', 'quad', 'quad_scalar'].map((kernel) => `${kernel}needs subgroups, which this device lacks`),
    );
    // They are disabled and not gone: on focus each row's button says why.
    const lines = await page.$$eval('#rows tbody tr', (found) =>
      found.map((line) => {
        const more = line.querySelector<HTMLButtonElement>('.more')!;
        more.focus();
        return { disabled: line.ariaDisabled, focused: document.activeElement === more, said: more.ariaLabel };
      }),
    );
    const said = expect.stringContaining('needs subgroups, which this device lacks') as string;
    expect(lines).toEqual(Array(3).fill({ disabled: 'true', focused: true, said }));
    expect(await axeViolations(page)).toEqual([]);
    // Each setting has a way without the feature, which its reason says, so it can be chosen.
    await page.select(`select[aria-describedby=lacks-shader-f16]`, 'f16');
    await page.waitForFunction(() => location.hash.includes('dtype=f16'));
    await hash(link('fr'));
    await page.waitForFunction(() =>
      document.querySelector('#rows tbody .c-variant')?.textContent?.includes('demande'),
    );
    expect(await texts(page, '#rows tbody .c-variant')).toEqual(
      ['quad_32', 'quad', 'quad_scalar'].map((kernel) => `${kernel}demande subgroups, que cet appareil n’a pas`),
    );
    expect((await reasons()).map(([feature, reason]) => [feature, reason!.startsWith('Cet appareil n’a pas')])).toEqual(
      [
        ['timestamp-query', true],
        ['shader-f16', true],
        ['subgroups', true],
      ],
    );
    expect(wrong).toEqual([]);
    await close();
  },
);
