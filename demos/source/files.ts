// The pages' own source as text, which the source page shows.

const texts = import.meta.glob<string>(['../**/*.{ts,css,html}', '!../bench/peers/**', '!../**/*.d.ts'], {
  query: '?raw',
  import: 'default',
});

/** Paths below demos/, sorted. */
export const files: readonly string[] = Object.keys(texts)
  // Vite writes the paths relative to this file.
  .map((path) => path.replace(/^\.\//, '../source/').replace(/^\.\.\//, ''))
  .toSorted();

export async function textOf(file: string): Promise<string> {
  const path = file.startsWith('source/') ? file.replace('source/', './') : `../${file}`;
  return texts[path]!();
}
