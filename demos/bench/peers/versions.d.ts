/** Written in by the bundler: of the peers' packages, and Retrograd's. */
declare const VERSIONS: Readonly<Record<string, string>>;
