declare module 'virtual:retrograd-source' {
  /** The package's version and the commit that the page was built from. */
  const source: import('./core/result.ts').BenchResult['source'];
  export default source;
}
