// Makes a fresh clone ready: installs the dependencies and, with --browser, a browser. Silent when nothing is to do.
// It has no dependencies itself, since it runs before there are any.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findBrowser } from './browser.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * By content, not by time: a checkout makes the lock file look newer, and installing under a running process breaks it.
 * Optional packages are those of other platforms.
 */
function dependenciesAreCurrent() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  /** @param {string} path @returns {Record<string, { version?: string, optional?: boolean }>} */
  const packages = (path) => JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
  const present = packages(installed);
  return Object.entries(packages(join(root, 'package-lock.json'))).every(
    ([path, { version, optional }]) => path === '' || optional || present[path]?.version === version,
  );
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function attempt(command, args, env = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    timeout: 900_000,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  return { ok: status === 0, output: error ? String(error) : `${stdout}${stderr}`.trim() };
}

/**
 * To stderr: what a command prints on stdout may be JSON.
 * @param {string} line
 */
const say = (line) => console.error(`setup: ${line}`);

/** @param {string} reason @returns {never} */
function fail(reason) {
  console.error(`setup: ${reason}`);
  process.exit(1);
}

function installDependencies() {
  say('installing dependencies (npm ci)');
  const { ok, output } = attempt('npm', ['ci', '--no-audit', '--no-fund']);
  if (!ok) fail(`npm ci failed:\n${output}`);
}

function installBrowser() {
  say('no browser found, downloading Chrome (puppeteer browsers install chrome)');
  const tried = [attempt('npx', ['--no-install', 'puppeteer', 'browsers', 'install', 'chrome']).output];
  if (findBrowser()) return;
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    say('Chrome could not be downloaded or does not start, installing chromium (apt-get)');
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    tried.push(attempt('apt-get', ['update'], env).output);
    tried.push(attempt('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], env).output);
    if (findBrowser()) return;
  }
  const reasons = tried.map((output) => output.split('\n').slice(-3).join('\n')).join('\n');
  fail(`no browser could be found or installed; install Chrome, Chromium or Edge, or set CHROME_PATH.\n${reasons}`);
}

try {
  if (!dependenciesAreCurrent()) installDependencies();
  if (process.argv.includes('--browser') && !findBrowser()) installBrowser();
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
