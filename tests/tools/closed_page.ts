// What the page of closed_page.test.ts trains: one of the cases of tests/train/resume_cases.ts, from what its store holds.

import { createWebGPUDevice } from '../../src/gpu/device.ts';
import { indexedDbStore, opfsStore } from '../../src/io/page_stores.ts';
import { continued, resumeCases, uninterrupted } from '../train/resume_cases.ts';

declare const stepped: (step: number) => Promise<void>;
declare const ended: (result: string) => Promise<void>;

const wanted = new URLSearchParams(location.search);
const one = resumeCases[wanted.get('case')!]!;
const at = Number(wanted.get('at') ?? Infinity);

/** The first step of this page. */
let began: number | null = null;

async function train() {
  const device = await createWebGPUDevice({ label: 'of a page that is closed' });
  if (wanted.has('whole')) return uninterrupted(one, device);
  const name = `closed ${wanted.get('case')}`;
  const store = wanted.get('store') === 'opfs' ? opfsStore(name) : indexedDbStore(name);
  return continued(one, Number(wanted.get('every')), device, store, {
    async onStepEnd({ step }) {
      began ??= step;
      // Closed somewhere in the three steps from here on or in what they write, for the next one does not come soon.
      if (step === at) void stepped(step);
      if (step >= at + 3) await new Promise((done) => setTimeout(done, 60_000));
    },
  });
}

train().then(
  (result) => ended(JSON.stringify({ began, result })),
  (error: unknown) => ended(JSON.stringify({ error: String(error) })),
);
