// `npm run bench:peers`: Retrograd beside other engines in one Chrome, on the same work with results compared.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { engines as allEngines, type EngineEntry } from '../../demos/bench/peers/engines.ts';
import type { PeersEvent, PeersPart } from '../../demos/bench/peers/page.ts';
import { works } from '../../demos/bench/peers/work.ts';
import { SCHEMA, type BenchResult, type Method } from '../../demos/bench/core/result.ts';
import { suggestion } from '../../src/core/errors.ts';
import { readFlags, UsageError } from '../flags.ts';
import { guarded, withBrowser } from './chrome.ts';
import { bundlePages, installPeers, servePages } from './pages.ts';
import { peersTable, ratioLines } from './peers_table.ts';
import { slug, sourceOf } from './source.ts';
import { measureStarts } from './starts.ts';
import { headOf } from './table.ts';

const flags = {
  engine: 'many',
  work: 'many',
  'no-start': 'none',
  'start-only': 'none',
  quick: 'none',
  json: 'one',
  help: 'none',
} as const;

export const usage = `npm run bench:peers -- [options]

Times Retrograd beside other engines in one headless Chrome: the same work, results compared, engines taking turns.
Installs them first, in demos/bench/peers. Takes some ten minutes on a software adapter.

  --engine id      only this one; may be repeated: ${allEngines.map(({ id }) => id).join(', ')}
  --work text      only work whose name contains the text; may be repeated
  --no-start       without the cold starts
  --start-only     nothing but the cold starts
  --quick          fewer samples
  --json file      where the result is kept (demos/bench/results/peers-<device>.json)
  --help           this text

Exit codes: 0 done, 1 error, 2 wrong use, 4 a result of Retrograd's is wrong.`;

export async function main(argv: readonly string[], root: string): Promise<number> {
  try {
    const given = readFlags(argv, flags);
    if (given.has('help')) {
      process.stdout.write(`${usage}\n`);
      return 0;
    }
    const chosen = enginesOf(given.many('engine'));
    const wanted = works.filter(
      ({ id }) => given.many('work').length === 0 || given.many('work').some((text) => id.includes(text)),
    );
    if (wanted.length === 0)
      throw new UsageError(`no work is called so; known: ${works.map(({ id }) => id).join(', ')}`);
    const show = (text: string): void => void process.stdout.write(`${text}\n`);
    installPeers(root, show);
    const bundle = await bundlePages(root, 'all');
    const server = await servePages(root, bundle);
    try {
      const method = methodOf(given.has('quick'));
      const works = given.has('start-only') ? [] : wanted.map(({ id }) => id);
      const part = await measureWork(server.origin, { engines: chosen, works, method }, (event) =>
        showEvent(event, show),
      );
      const starts = given.has('no-start')
        ? []
        : await measureStarts(server.origin, chosen, given.has('quick') ? 1 : 5, (found) =>
            show(`\n${found[0]?.work ?? ''}\n${peersTable(found)}`),
          );
      const rows = [...part.rows, ...starts];
      show(`\n${headOf({ info: part.device, host: part.host, clock: part.clock })}`);
      show(`\n${ratioLines(rows).join('\n')}`);
      const result: BenchResult = {
        schema: SCHEMA,
        tool: 'peers',
        created: new Date().toISOString(),
        source: sourceOf(root),
        command: ['bench:peers', ...argv].join(' '),
        host: part.host,
        device: part.device,
        clock: part.clock,
        method,
        rows,
        notes: Object.entries(part.versions).map(([name, version]) => `${name} ${version}`),
      };
      const file = given.one('json') ?? join(root, 'demos/bench/results', `peers-${slug(part.device)}.json`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify(result)}\n`);
      show(`\nkept in ${relative(root, file)}`);
      const wrong = rows.some(({ variant, check }) => variant.startsWith('Retrograd') && check.state === 'wrong');
      return wrong ? 4 : 0;
    } finally {
      await server.close();
    }
  } catch (error) {
    process.stderr.write(`bench:peers: ${(error as Error).message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function enginesOf(wanted: readonly string[]): readonly EngineEntry[] {
  const known = allEngines.map(({ id }) => id);
  for (const id of wanted) {
    if (!known.includes(id))
      throw new UsageError(`--engine is '${id}'${suggestion(id, known)}; expected ${known.join(', ')}`);
  }
  return wanted.length === 0 ? allEngines : allEngines.filter(({ id }) => wanted.includes(id));
}

function methodOf(quick: boolean): Method {
  return {
    quick,
    leastSamples: quick ? 3 : 9,
    mostMs: quick ? 600 : 2500,
    sampleNs: quick ? 2e7 : 6e7,
    text:
      'Every engine does the same work in a frame of its own of one page, and they take turns. Results are compared with ' +
      "Retrograd's CPU reference first. A sample is so many repetitions and the wait until the last one is finished, less " +
      'the wait for none, at least 60 ms long (20 ms with --quick) where a repetition is shorter. Data and weights stay on the device.',
  };
}

function measureWork(
  origin: string,
  request: { engines: readonly EngineEntry[]; works: readonly string[]; method: Method },
  emit: (event: PeersEvent) => void,
): Promise<PeersPart> {
  return withBrowser(async (browser) => {
    const page = await browser.newPage();
    const report = await guarded<PeersPart | { error: string }>(
      browser,
      page,
      async () => {
        let done!: (report: PeersPart | { error: string }) => void;
        const finished = new Promise<PeersPart | { error: string }>((resolve) => (done = resolve));
        await page.exposeFunction('peersRequest', () => request);
        await page.exposeFunction('peersEvent', emit);
        await page.exposeFunction('peersDone', done);
        await page.goto(`${origin}/page.html`, { timeout: 0 });
        return finished;
      },
      (error) => emit({ kind: 'note', text: `uncaught in the page: ${error.message}` }),
    );
    if ('error' in report) throw new Error(report.error);
    return report;
  });
}

function showEvent(event: PeersEvent, show: (text: string) => void): void {
  if (event.kind === 'note') show(`note  ${event.text}`);
  else show(`\n${event.rows[0]?.work ?? ''}\n${peersTable(event.rows)}`);
}
