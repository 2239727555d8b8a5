// Serves one folder of data sets, read only, under /__data/ of Vite's dev server: browser tests and training read them.
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, resolve, sep } from 'node:path';

import type { Plugin } from 'vite';

export const dataPrefix = '/__data/';

/** `folder` is relative to Vite's root; it need not exist. */
export function dataFiles(folder: string): Plugin {
  return {
    name: 'retrograd:data',
    configureServer(server) {
      const serve = serveFolder(resolve(server.config.root, folder));
      server.middlewares.use((request, response, next) => {
        if (request.url?.startsWith(dataPrefix)) void serve(request, response);
        else next();
      });
    },
  };
}

/** Answers GET below `dataPrefix` with the file of that path; all else, links leading outside too, is a 404. */
export function serveFolder(folder: string): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const file = request.method === 'GET' ? await locate(folder, request.url ?? '') : null;
    if (!file) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('no such data file\n');
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': file.size,
      'X-Content-Type-Options': 'nosniff',
    });
    createReadStream(file.path)
      .on('error', () => response.destroy())
      .pipe(response);
  };
}

async function locate(folder: string, url: string): Promise<{ path: string; size: number } | null> {
  try {
    const [path = ''] = url.slice(dataPrefix.length).split(/[?#]/);
    const root = await realpath(folder);
    const found = await realpath(join(root, decodeURIComponent(path)));
    if (!found.startsWith(root + sep)) return null;
    const stats = await stat(found);
    return stats.isFile() ? { path: found, size: stats.size } : null;
  } catch {
    return null;
  }
}
