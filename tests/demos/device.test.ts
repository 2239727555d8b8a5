// What this browser computes with, as the badge asks for it: each way in which there is no GPU, and the table of browsers.

import { afterEach, expect, test, vi } from 'vitest';

import { browsersHere } from '../../demos/shared/browsers.ts';
import { findDevice } from '../../demos/shared/device.ts';

afterEach(() => void vi.unstubAllGlobals());

function browser(gpu: object | undefined, secure = true): void {
  vi.stubGlobal('isSecureContext', secure);
  vi.stubGlobal('navigator', { gpu });
}
const lost = (): Promise<never> => Promise.reject(new DOMException('for the test', 'OperationError'));
const device = { destroy: () => undefined };

test.each<[string, object]>([
  ['its adapter is null', { requestAdapter: () => Promise.resolve(null) }],
  ['its adapter is refused', { requestAdapter: lost }],
  [
    'asking throws',
    {
      requestAdapter: () => {
        throw new TypeError('for the test');
      },
    },
  ],
  ['its adapter has no device', { requestAdapter: () => Promise.resolve({ info: {}, requestDevice: lost }) }],
])('E3 where %s', async (_, gpu) => {
  browser(gpu);
  expect(await findDevice('auto')).toEqual({ kind: 'cpu', name: '', code: 'E3' });
});

test('E1 by http, E2 without WebGPU, neither for a reader who wants the CPU', async () => {
  browser(undefined, false);
  expect((await findDevice('auto')).code).toBe('E1');
  browser(undefined);
  expect((await findDevice('gpu')).code).toBe('E2');
  expect(await findDevice('cpu')).toEqual({ kind: 'cpu', name: '', code: null });
});

test('a device is asked for and given back, and a software one known by either place that says so', async () => {
  let given = 0;
  const asked = (adapter: object): Promise<unknown> => {
    const requestDevice = () => Promise.resolve({ destroy: () => void given++ });
    browser({ requestAdapter: () => Promise.resolve({ requestDevice, ...adapter }) });
    return findDevice('auto');
  };
  const info = { vendor: 'acme', architecture: 'mark-1' };
  expect(await asked({ info })).toEqual({ kind: 'gpu', name: 'acme mark-1', code: null });
  const software = { kind: 'software', code: 'E4' };
  expect(await asked({ info, isFallbackAdapter: true })).toMatchObject(software);
  expect(await asked({ info: { ...info, isFallbackAdapter: true } })).toMatchObject(software);
  expect(await asked({ info: { architecture: 'swiftshader' } })).toMatchObject(software);
  expect(await asked({ requestDevice: () => Promise.resolve(device) }), 'no info').toMatchObject({
    kind: 'gpu',
    name: '',
  });
  expect(given).toBe(4);
});

const mozilla = 'Mozilla/5.0';
test.each([
  ['Windows', `${mozilla} (Windows NT 10.0; Win64; x64) Chrome/110.0`, ['Chrome, Edge 113', 'Firefox 141']],
  [
    'macOS',
    `${mozilla} (Macintosh; Intel Mac OS X 10_15_7) Version/17.0 Safari/605.1.15`,
    ['Chrome, Edge 113', 'Safari 26', 'Firefox (Apple silicon) 145, macOS 26; 147'],
  ],
  [
    'Linux',
    `${mozilla} (X11; Linux x86_64; rv:140.0) Firefox/140.0`,
    ['Chrome (Intel Gen12) 144', 'Chrome (NVIDIA 535.183.01) 147', 'Chrome chrome://flags/#enable-unsafe-webgpu'],
  ],
  [
    'Android, whose name has Linux in it',
    `${mozilla} (Linux; Android 10; K) Chrome/110.0 Mobile`,
    ['Chrome (ARM, Qualcomm, Intel) 121, Android 12', 'Chrome (Imagination) 139'],
  ],
  ['iPhone, whose name has Mac OS in it', `${mozilla} (iPhone; CPU iPhone OS 17_0 like Mac OS X)`, ['Safari 26']],
  ['ChromeOS', `${mozilla} (X11; CrOS x86_64 14541.0.0) Chrome/110.0`, ['Chrome 113']],
])('the browsers that have WebGPU on %s', (_, agent, rows) => {
  expect(browsersHere(agent).map((row) => row.join(' '))).toEqual(rows);
});
