// Serves one folder of data sets, read only, under /__data/ of Vite's dev server: browser tests and training read them.
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, resolve, sep } from 'node:path';

import type { Plugin } from 'vite';

export const dataPrefix = '/__data/';

/** `folder` is relative to Vite's root; it need not exist. Its files are below `prefix`. */
export function dataFiles(folder: string, prefix = dataPrefix): Plugin {
  return {
    name: `retrograd:${prefix}`,
    configureServer(server) {
      const serve = serveFolder(resolve(server.config.root, folder), prefix);
      server.middlewares.use((request, response, next) => {
        if (request.url?.startsWith(prefix)) void serve(request, response);
        else next();
      });
    },
  };
}

/** Answers GET below `prefix` with the file of that path; all else, links leading outside too, is a 404. */
export function serveFolder(
  folder: string,
  prefix = dataPrefix,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const file = request.method === 'GET' ? await locate(folder, (request.url ?? '').slice(prefix.length)) : null;
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
    const [path = ''] = url.split(/[?#]/);
    const root = await realpath(folder);
    const found = await realpath(join(root, decodeURIComponent(path)));
    if (!found.startsWith(root + sep)) return null;
    const stats = await stat(found);
    return stats.isFile() ? { path: found, size: stats.size } : null;
  } catch {
    return null;
  }
}
