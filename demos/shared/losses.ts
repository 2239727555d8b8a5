// A GPU that is lost is asked again by itself, but not for ever: not once it is lost more than twice within half a minute.

const retries = 2;
const within = 30_000;
let losses: number[] = [];

/** Notes a loss: whether the GPU may be asked again. */
export function mayRetry(): boolean {
  const now = Date.now();
  losses = [...losses.filter((at) => now - at < within), now];
  return losses.length <= retries;
}

/** Whether there was a loss since the reader last went on. */
export const wasLost = (): boolean => losses.length > 0;

/** The reader goes on: counted anew. */
export function forgetLosses(): void {
  losses = [];
}
