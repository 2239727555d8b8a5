// The dev server's data folder: only regular files inside it may ever be read, and only by GET.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { serveFolder } from '../../tools/data_plugin.ts';

test('serves files below the folder and answers 404 to everything else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'retrograd-data-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'data/mnist'), { recursive: true });
  writeFileSync(join(folder, 'data/mnist/a b.gz'), 'digits');
  writeFileSync(join(folder, 'secret'), 'secret');
  mkdirSync(join(folder, 'data-other'));
  writeFileSync(join(folder, 'data-other/x'), 'secret');
  symlinkSync(join(folder, 'secret'), join(folder, 'data/link'));
  symlinkSync(join(folder, 'data/mnist'), join(folder, 'data/inside'));

  const serve = serveFolder(join(folder, 'data'));
  const server = createServer((incoming, response) => void serve(incoming, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  // Not fetch: it would resolve `..` before the server sees it.
  const ask = (path: string, method = 'GET'): Promise<string> =>
    new Promise((done, fail) => {
      request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
        let text = `${response.statusCode} `;
        response.on('data', (part: Buffer) => (text += part.toString())).on('end', () => done(text.trim()));
      })
        .on('error', fail)
        .end();
    });
  expect(await ask('/__data/mnist/a%20b.gz?x=1')).toBe('200 digits');
  expect(await ask('/__data/inside/a%20b.gz')).toBe('200 digits');
  for (const path of [
    '',
    'mnist',
    'none',
    'link',
    '../secret',
    '%2e%2e/secret',
    '..%2fsecret',
    '../data-other/x',
    '%',
    'mnist/%00',
  ]) {
    expect(await ask(`/__data/${path}`), path).toBe('404 no such data file');
  }
  expect(await ask('/__data/mnist/a%20b.gz', 'POST')).toBe('404 no such data file');
  expect(await serveStatus(join(folder, 'none'))).toBe(404);
});

async function serveStatus(folder: string): Promise<number> {
  const serve = serveFolder(folder);
  const server = createServer((incoming, response) => void serve(incoming, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const { status } = await fetch(`http://127.0.0.1:${port}/__data/x`);
  server.close();
  return status;
}
