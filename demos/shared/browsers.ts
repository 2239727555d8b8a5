// Which browsers have WebGPU on which system: gpuweb's "Implementation Status" as of 8 April 2026, and MDN's
// browser-compat-data for Firefox.

export interface BrowserRow {
  readonly name: string;
  readonly since: string;
}

type System = 'windows' | 'mac' | 'linux' | 'android' | 'ios' | 'chromeos';

const rows: Record<System, readonly BrowserRow[]> = {
  windows: [
    { name: 'Chrome, Edge', since: '113' },
    { name: 'Firefox', since: '141' },
  ],
  mac: [
    { name: 'Chrome, Edge', since: '113' },
    { name: 'Safari', since: '26' },
    { name: 'Firefox (Apple silicon)', since: '145, macOS 26; 147' },
  ],
  linux: [
    { name: 'Chrome (Intel Gen12)', since: '144' },
    { name: 'Chrome (NVIDIA 535.183.01)', since: '147' },
    { name: 'Chrome', since: 'chrome://flags/#enable-unsafe-webgpu' },
  ],
  android: [
    { name: 'Chrome (ARM, Qualcomm, Intel)', since: '121, Android 12' },
    { name: 'Chrome (Imagination)', since: '139' },
  ],
  ios: [{ name: 'Safari', since: '26' }],
  chromeos: [{ name: 'Chrome', since: '113' }],
};

const systems: readonly (readonly [RegExp, System])[] = [
  [/Android/, 'android'],
  [/iPhone|iPad/, 'ios'],
  [/CrOS/, 'chromeos'],
  [/Windows/, 'windows'],
  [/Mac OS/, 'mac'],
];

/** The rows of the system that a browser's user agent names; Linux where it names none of the others. */
export const browsersHere = (userAgent: string): readonly BrowserRow[] =>
  rows[systems.find(([name]) => name.test(userAgent))?.[1] ?? 'linux'];
