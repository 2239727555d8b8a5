declare module 'virtual:retrograd-source' {
  import type { BenchResult } from './core/result.ts';

  /** The package's version and the commit that the page was built from. */
  const source: BenchResult['source'];
  export default source;
}
