// The screen of a phone stays on while a training runs, where the browser can be asked for that.

/** Asks for it until the function that it gives is called. Of a hidden page the browser takes it: once seen, the page asks again. */
export function stayAwake(): () => void {
  let over = false;
  let asking = false;
  let lock: WakeLockSentinel | null = null;
  const letGo = (): void => void lock?.release().catch(() => undefined);
  async function ask(): Promise<void> {
    if (over || asking || document.hidden || lock?.released === false) return;
    asking = true;
    try {
      lock = (await (navigator.wakeLock as WakeLock | undefined)?.request('screen')) ?? null;
    } catch {
      // Refused where the battery is low; the training goes on all the same.
    }
    asking = false;
    if (over) letGo();
  }
  const seen = (): void => void ask();
  document.addEventListener('visibilitychange', seen);
  void ask();
  return () => {
    over = true;
    document.removeEventListener('visibilitychange', seen);
    letGo();
  };
}
