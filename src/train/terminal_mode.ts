// What the terminal that the lines go to can show.

/** The live line is redrawn no more often than this. */
export const redrawSeconds = 0.1;

/**
 * How to print, from the environment: `live` only on a terminal that can redraw a line (not under CI or TERM=dumb),
 * `ascii` unless the locale (LC_ALL over LC_CTYPE over LANG) is UTF-8.
 */
export function terminalMode(
  environment: Readonly<Record<string, string | undefined>>,
  isTTY: boolean,
): { live: boolean; ascii: boolean } {
  const { CI, TERM, LC_ALL, LC_CTYPE, LANG } = environment;
  const locale = LC_ALL || LC_CTYPE || LANG || '';
  return { live: isTTY && !CI && TERM !== 'dumb', ascii: !/utf-?8/i.test(locale) };
}
