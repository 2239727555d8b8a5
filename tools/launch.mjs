// Starts headless Chrome with WebGPU, for the browser tests and for training on the command line.
import puppeteer from 'puppeteer';

import { findBrowser } from './browser.mjs';

const flags = [
  // Without it there is no software adapter, so machines without a GPU could not run the tests.
  '--enable-unsafe-webgpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What Puppeteer adds so that hidden pages run as visible ones do. */
const unthrottling = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/**
 * @param {string[]} extra further Chrome flags; CHROME_FLAGS in the environment adds more
 * @param {{ handleSIGINT?: boolean, throttled?: boolean }} [options] `handleSIGINT`: false where the caller closes the browser on
 *   Ctrl-C itself; `throttled`: pages that are hidden are slowed down, as users' are
 * @returns {Promise<import('puppeteer').Browser>}
 */
export async function launchBrowser(extra = [], { handleSIGINT = true, throttled = false } = {}) {
  const executablePath = findBrowser();
  if (!executablePath)
    throw new Error('no Chrome, Chromium or Edge found: run `node tools/setup.mjs --browser`, or set CHROME_PATH');
  const fromEnvironment = (process.env.CHROME_FLAGS ?? '').split(/\s+/).filter(Boolean);
  /** @param {string[]} sandbox */
  const launch = (sandbox) =>
    // A long training step must not count as a lost connection, hence no protocol timeout.
    puppeteer.launch({
      executablePath,
      headless: true,
      handleSIGINT,
      protocolTimeout: 0,
      ...(throttled ? { ignoreDefaultArgs: unthrottling } : {}),
      args: [...flags, ...sandbox, ...extra, ...fromEnvironment],
    });
  if (process.getuid?.() === 0) return launch(['--no-sandbox']);
  try {
    return await launch([]);
  } catch (error) {
    if (!String(error).includes('No usable sandbox')) throw error;
    return launch(['--no-sandbox']);
  }
}
