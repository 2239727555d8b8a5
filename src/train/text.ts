// Numbers and names as the terminal, the summary and the pages write them.

/** `54 000`: groups of three, parted by spaces. */
export function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
}

/** `35.5 KiB`: one decimal and a unit of 1024ⁿ bytes; whole bytes below 1 KiB. */
export function bytesText(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (bytes < 1024) return `${bytes} B`;
  let scaled = bytes / 1024;
  let unit = 0;
  while (scaled >= 1023.95 && unit < units.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${scaled.toFixed(1)} ${units[unit]}`;
}

/** `0.58 MFLOP`: two decimals, with the unit that keeps most numbers between 0.1 and 1000. */
export function flopsText(flops: number): string {
  if (flops < 1000) return `${flops} FLOP`;
  if (flops < 1e5) return `${(flops / 1e3).toFixed(2)} kFLOP`;
  if (flops < 1e9) return `${(flops / 1e6).toFixed(2)} MFLOP`;
  return `${(flops / 1e9).toFixed(2)} GFLOP`;
}

/** A metric as Keras prints it: four decimals, `4.2000e-05` below 0.001; also from 10⁷ on. Zero is `0.0000`. */
export function metricText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Inf' : '-Inf';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return scientific(value, 4);
  return value.toFixed(4);
}

/** C's `%.{digits}e`: an exponent of two digits at least. */
function scientific(value: number, digits: number): string {
  return value.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** `4.1 s`, `2:05 min`, `1:02:05 h`. */
export function durationText(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  return `${clockText(seconds)} ${seconds < 3599.5 ? 'min' : 'h'}`;
}

/** `0:02`, `12:34`, `1:02:05`. */
export function clockText(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** `4.9 ms/step`, `85 µs/step`, `1.2 s/step`. */
export function stepTimeText(seconds: number, ascii: boolean): string {
  if (seconds < 0.0001) return `${(seconds * 1e6).toFixed(0)} ${ascii ? 'us' : 'µs'}/step`;
  if (seconds < 0.99995) return `${(seconds * 1e3).toFixed(1)} ms/step`;
  return `${seconds.toFixed(1)} s/step`;
}

/** `13.2k`, `832`, `1.3M`: a rate in three figures or so. */
export function rateText(rate: number): string {
  if (rate >= 999_950) return `${(rate / 1e6).toFixed(1)}M`;
  if (rate >= 999.5) return `${(rate / 1e3).toFixed(1)}k`;
  return rate >= 9.95 ? rate.toFixed(0) : rate.toFixed(1);
}

/** `1e-4`, `0.05`, `2.5e-5`: the shorter of both ways to write three figures. */
export function shortNumber(value: number): string {
  const rounded = Number(value.toPrecision(3));
  const exponential = rounded.toExponential().replace('e+', 'e');
  return exponential.length < String(rounded).length ? exponential : String(rounded);
}

/**
 * Text that cannot steer a terminal or break a line: control characters, line separators and changes of writing
 * direction become `?`. Names come from files and links, and an escape sequence in one would move the cursor or
 * recolour the screen.
 */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '?');
}
