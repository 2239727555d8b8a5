// Ctrl-C: once asks the run to finish its step, twice ends the command at once.

/** npm passes on a Ctrl-C that the terminal has sent to the whole group already, so one comes twice within moments. */
const sameKeypress = 300;

/** The signal is aborted by the first Ctrl-C. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  let first: number | null = null;
  process.on('SIGINT', () => {
    const now = performance.now();
    if (first === null) {
      first = now;
      process.stderr.write('\nstopping after this step; Ctrl-C again ends at once\n');
      controller.abort();
    } else if (now - first > sameKeypress) {
      // Puppeteer ends Chrome when the process exits.
      process.exit(130);
    }
  });
  return controller.signal;
}
