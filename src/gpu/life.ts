// One device's life: every wait ends when the device does, and what goes wrong between two waits is kept until asked for.

import { DeviceError } from '../core/errors.ts';
import { nextTurn } from '../core/turn.ts';

export interface Life {
  readonly gpu: GPUDevice;
  /** Resolves, once, with why the device ended. Never rejects. */
  readonly lost: Promise<DeviceError>;
  /** Throws why the device ended, if it has. */
  check(): void;
  /** Ends the device for every caller; the first reason stands. The GPUDevice itself is left as it is. */
  end(error: DeviceError): void;
  /**
   * `promise`, unless the device ends first, or nothing on the device makes progress for `patience` milliseconds:
   * then the device counts as hung and is destroyed.
   */
  wait<T>(promise: Promise<T>, what: string, patience?: number): Promise<T>;
  /** As `wait`, for as long as `busy` says, at the cost of one timer for many calls; a further call meanwhile does nothing. */
  guard(busy: () => boolean, what: string): void;
  /** Work was seen to finish, so whoever waits may go on waiting. */
  progress(): void;
  /**
   * Runs `make` inside error scopes. They are a stack per device, so they are pushed and popped here without an await
   * between: interleaved ones would blame each other's calls. `checked` rejects with the error caught.
   */
  scoped<T>(what: string, make: () => T, outOfMemory?: () => string): { value: T; checked: Promise<void> };
  /** Keeps an error nobody is waiting for. */
  report(error: Error): void;
  /** The first error kept; those after it are most often its consequences and are dropped. */
  takeTrouble(): Error | null;
}

// A lost device's mapAsync may reject before `lost` resolves (both orders were seen in Chromium 156), so a rejection
// is given this long to turn out to be a loss.
const lossGrace = 100;

export function createLife(gpu: GPUDevice, hangTimeout: number): Life {
  let ended: DeviceError | null = null;
  let resolveLost: (error: DeviceError) => void;
  const lost = new Promise<DeviceError>((resolve) => (resolveLost = resolve));
  // A set, not Promise.race against `lost`: a race would leave one reaction on `lost` for every wait of the device's life.
  const waiting = new Set<(error: DeviceError) => void>();
  const troubles: Error[] = [];
  let progressSeen = 0;

  function end(error: DeviceError): void {
    if (ended) return;
    ended = error;
    gpu.removeEventListener('uncapturederror', onUncapturedError);
    for (const fail of waiting) fail(error);
    resolveLost(error);
  }

  const onUncapturedError = (event: Event): void => {
    const { error } = event as GPUUncapturedErrorEvent;
    const exhausted = error.constructor.name === 'GPUOutOfMemoryError';
    report(new DeviceError(exhausted ? 'out-of-memory' : 'validation', `WebGPU refused a call: ${error.message}`));
  };
  gpu.addEventListener('uncapturederror', onUncapturedError);
  void gpu.lost.then((info) =>
    // The message is for people only; user agents word it as they like (WebGPU, "Device loss").
    end(
      info.reason === 'destroyed'
        ? new DeviceError('destroyed', 'the GPU device was destroyed; create a new device to go on')
        : new DeviceError(
            'lost',
            `the GPU device was lost${info.message ? ` (${info.message})` : ''}; create a new device and restore from a checkpoint`,
          ),
    ),
  );

  function check(): void {
    if (ended) throw ended;
  }

  /**
   * To be asked at each quarter of a patience: whether so many have passed without progress. They are counted instead of
   * reading a clock, so a laptop's sleep or a debugger's pause is no hang.
   */
  function stuckFor(most: number): () => boolean {
    let quarters = 0;
    let seen = progressSeen;
    return () => {
      quarters = seen === progressSeen ? quarters + 1 : 0;
      seen = progressSeen;
      return quarters >= most;
    };
  }

  function wait<T>(promise: Promise<T>, what: string, patience = hangTimeout): Promise<T> {
    if (ended) {
      swallow(promise);
      return Promise.reject(ended);
    }
    return new Promise<T>((resolve, reject) => {
      const stuck = stuckFor(4);
      let timer = setTimeout(tick, patience / 4);
      function tick(): void {
        if (stuck()) hang(what, patience);
        else timer = setTimeout(tick, patience / 4);
      }
      const leave = (): void => {
        clearTimeout(timer);
        waiting.delete(fail);
      };
      const fail = (error: Error): void => {
        leave();
        reject(error);
      };
      waiting.add(fail);
      promise.then(
        (value) => {
          leave();
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          if (error instanceof DeviceError) fail(error);
          else timer = setTimeout(() => fail(asDeviceError(what, error)), lossGrace);
        },
      );
    });
  }

  let guarding = false;
  function guard(busy: () => boolean, what: string): void {
    if (guarding) return;
    guarding = true;
    const stuck = stuckFor(5); // one more than in `wait`, since the first of them may have been half over
    const later = (): void => {
      // What Node should stay awake for keeps it so by itself.
      (setTimeout(tick, hangTimeout / 4) as { unref?: () => void }).unref?.();
    };
    function tick(): void {
      guarding = ended === null && busy();
      if (!guarding) return;
      if (stuck()) hang(what, hangTimeout);
      else later();
    }
    later();
  }

  function hang(what: string, patience: number): void {
    const seconds = patience / 1000;
    end(
      new DeviceError(
        'hung',
        `${what}: the GPU finished nothing for ${seconds} s, so the device was destroyed; a kernel may not end, or a step is too long for it: try a smaller batch, or a larger hangTimeout`,
      ),
    );
    gpu.destroy();
  }

  function scoped<T>(what: string, make: () => T, outOfMemory?: () => string) {
    check();
    gpu.pushErrorScope('out-of-memory');
    gpu.pushErrorScope('validation');
    let value: T;
    let popped: Promise<(GPUError | null)[]>;
    try {
      value = make();
    } catch (error) {
      throw asDeviceError(what, error);
    } finally {
      popped = Promise.all([gpu.popErrorScope(), gpu.popErrorScope()]);
      swallow(popped);
    }
    const checked = wait(popped, what).then(([invalid, exhausted]) => {
      if (exhausted) throw new DeviceError('out-of-memory', outOfMemory?.() ?? `${what}: ${exhausted.message}`);
      if (invalid) throw new DeviceError('validation', `${what}: ${invalid.message}`);
    });
    swallow(checked);
    return { value, checked };
  }

  function report(error: Error): void {
    if (troubles.length < 100) troubles.push(error);
  }

  function takeTrouble(): Error | null {
    const first = troubles[0] ?? null;
    troubles.length = 0;
    return first;
  }

  return { gpu, lost, check, end, wait, guard, progress: () => void progressSeen++, scoped, report, takeTrouble };
}

/**
 * Waited for when a read has arrived: Chromium 156 tells of a refused submit by an event of its own, which comes after the
 * promises that are resolved together with it.
 */
export const errorsTold = nextTurn;

/** Whoever awaits `promise` still sees its rejection; nobody awaiting it is no unhandled rejection. */
export function swallow(promise: Promise<unknown>): void {
  promise.catch(() => {});
}

/** `error` as it is when it is one already, else with what was being done. */
export function asDeviceError(what: string, error: unknown): DeviceError {
  if (error instanceof DeviceError) return error;
  const { name, message } = error as Error;
  // createBuffer throws a RangeError where the host cannot hold the mapping (WebGPU, createBuffer).
  return new DeviceError(name === 'RangeError' ? 'out-of-memory' : 'validation', `${what}: ${message || name}`);
}
