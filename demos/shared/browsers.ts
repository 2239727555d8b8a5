// Which browsers have WebGPU on which system: gpuweb's "Implementation Status" as of 8 April 2026, and MDN's
// browser-compat-data for Firefox.

export type BrowserRow = readonly [name: string, since: string];

type System = 'windows' | 'mac' | 'linux' | 'android' | 'ios' | 'chromeos';

const rows: Record<System, readonly BrowserRow[]> = {
  windows: [
    ['Chrome, Edge', '113'],
    ['Firefox', '141'],
  ],
  mac: [
    ['Chrome, Edge', '113'],
    ['Safari', '26'],
    ['Firefox (Apple silicon)', '145, macOS 26; 147'],
  ],
  linux: [
    ['Chrome (Intel Gen12)', '144'],
    ['Chrome (NVIDIA 535.183.01)', '147'],
    ['Chrome', 'chrome://flags/#enable-unsafe-webgpu'],
  ],
  android: [
    ['Chrome (ARM, Qualcomm, Intel)', '121, Android 12'],
    ['Chrome (Imagination)', '139'],
  ],
  ios: [['Safari', '26']],
  chromeos: [['Chrome', '113']],
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
