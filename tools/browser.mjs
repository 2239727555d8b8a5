// Finds a Chrome, Chromium or Edge on this machine. No dependencies: it runs before `npm ci`.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * The path of the first browser that runs, or null. One named by PUPPETEER_EXECUTABLE_PATH or CHROME_PATH is taken as
 * it is; others are started once with --version, because a download may lack the system libraries it needs.
 * @returns {string | null}
 */
export function findBrowser() {
  for (const variable of ['PUPPETEER_EXECUTABLE_PATH', 'CHROME_PATH']) {
    const path = process.env[variable];
    if (!path) continue;
    if (!existsSync(path)) throw new Error(`${variable} names ${path}, which does not exist`);
    return path;
  }
  return [...cachedBrowsers(), ...systemBrowsers()].find((path) => existsSync(path) && runs(path)) ?? null;
}

/** @param {string} path */
function runs(path) {
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

/** Puppeteer's downloads, newest first. */
function cachedBrowsers() {
  const folder = join(process.env.PUPPETEER_CACHE_DIR ?? join(homedir(), '.cache', 'puppeteer'), 'chrome');
  if (!existsSync(folder)) return [];
  const mac = 'Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing';
  return readdirSync(folder)
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .flatMap((version) =>
      ['chrome-linux64/chrome', `chrome-mac-arm64/${mac}`, `chrome-mac-x64/${mac}`, 'chrome-win64/chrome.exe'].map(
        (path) => join(folder, version, path),
      ),
    );
}

function systemBrowsers() {
  const names = [
    'google-chrome-stable',
    'google-chrome',
    'chromium',
    'chromium-browser',
    'microsoft-edge-stable',
    'microsoft-edge',
  ];
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const linux = names.flatMap((name) =>
    [...new Set([...folders, '/usr/bin', '/snap/bin'])].map((folder) => join(folder, name)),
  );
  const mac = ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
    (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
  );
  return process.platform === 'darwin' ? mac : [...linux, '/opt/google/chrome/chrome'];
}
