// Serves a folder as a plain static host would, below a path: what the site needs is nothing more.
import { readFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

export async function serve(
  folder: string,
  prefix: string,
): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    void answer(folder, prefix, request.url ?? '').then(
      ({ path, body }) => response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'text/plain' }).end(body),
      () => response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found\n'),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`, server };
}

async function answer(folder: string, prefix: string, url: string): Promise<{ path: string; body: Buffer }> {
  const [path = ''] = url.split(/[?#]/);
  if (!path.startsWith(prefix)) throw new Error(`outside ${prefix}`);
  let file = join(folder, normalize(`/${decodeURIComponent(path.slice(prefix.length))}`));
  if ((await stat(file)).isDirectory()) file = join(file, 'index.html');
  return { path: file, body: await readFile(file) };
}
