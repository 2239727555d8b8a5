// The page's state in the address bar, and the browser's Back and Forward on it.
import { pack, parse, serialise, unpack, type Fields, type Parsed, type StateOf } from './state.ts';

/** Safari allows 100 changes of the address in 30 s, so sliders wait until they rest. */
const rest = 250;

/**
 * How a change enters the history: `push` makes an entry Back returns from (presets), `replace` rewrites the present one
 * once changes rest (sliders), `none` leaves the address as it is (a playing animation).
 */
export type History = 'push' | 'replace' | 'none';

export interface Link<F extends Fields> {
  readonly current: Parsed<F>;
  /** Takes the state as it is now and brings the address up to date. */
  set(state: StateOf<F>, history?: History): void;
  /** The whole address of the present state, brought up to date at once. */
  address(): Promise<string>;
}

/** Reads the address now, and again whenever Back, Forward or an edit of the address changes it. */
export async function link<F extends Fields>(fields: F, onChange: (read: Parsed<F>) => void): Promise<Link<F>> {
  let current = await read(fields);
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Packing takes a moment; entries are written in the order of the changes all the same.
  let written = Promise.resolve();

  const write = (history: 'push' | 'replace'): Promise<void> => {
    const plain = serialise(fields, current.state, current.unknown);
    written = written.then(async () => {
      const hash = `#${await pack(plain)}`;
      if (hash === location.hash) return;
      if (history === 'push') window.history.pushState(null, '', hash);
      else window.history.replaceState(null, '', hash);
    });
    return written;
  };
  const flush = (): Promise<void> => {
    if (timer === undefined) return written;
    clearTimeout(timer);
    timer = undefined;
    return write('replace');
  };

  const adopt = async (): Promise<void> => {
    await written;
    current = await read(fields);
    onChange(current);
  };

  window.addEventListener('popstate', () => {
    clearTimeout(timer);
    timer = undefined;
    void adopt();
  });
  window.addEventListener('pagehide', () => void flush());

  return {
    get current() {
      return current;
    },
    set(state, history = 'replace') {
      if (history === 'push') void flush();
      current = { ...current, state };
      if (history === 'push') void write('push');
      else if (history === 'replace') {
        clearTimeout(timer);
        timer = setTimeout(() => void flush(), rest);
      }
    },
    async address() {
      clearTimeout(timer);
      timer = undefined;
      await write('replace');
      return location.href;
    },
  };
}

async function read<F extends Fields>(fields: F): Promise<Parsed<F>> {
  const { plain, problems } = await unpack(location.hash);
  const parsed = parse(fields, plain);
  return { ...parsed, problems: [...problems, ...parsed.problems] };
}
