// Curves of one quantity against another on logarithmic axes, several pictures in one SVG; colours follow the reader's theme.

export interface Curve {
  readonly title: string;
  /** What the horizontal axis counts. */
  readonly xName: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const width = 300;
const height = 220;
const left = 56;
const right = 14;
const top = 30;
const bottom = 40;
const columns = 2;

/** One picture for each curve, all with `yName` upwards. A curve of fewer than two points has no picture. */
export function plotSvg(curves: readonly Curve[], yName: string): string {
  const drawn = curves.filter(({ points }) => points.length > 1);
  const rows = Math.ceil(drawn.length / columns);
  const pictures = drawn.map((curve, i) => {
    const [x, y] = [(i % columns) * width, Math.floor(i / columns) * height];
    return `<g transform="translate(${x} ${y})">${picture(curve, yName)}</g>`;
  });
  const size = `width="${columns * width}" height="${rows * height}" viewBox="0 0 ${columns * width} ${rows * height}"`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escape(yName)} against the size of the work">` +
    '<style>text{font:11px system-ui,sans-serif;fill:#333}.title{font-weight:600}.grid{stroke:#ccc}.line{stroke:#06c;fill:none;' +
    'stroke-width:2}.ideal{stroke:#999;stroke-dasharray:4 4}circle{fill:#06c}@media (prefers-color-scheme:dark){text{fill:#ddd}' +
    '.grid{stroke:#444}.line{stroke:#6af}circle{fill:#6af}}</style>' +
    `${pictures.join('')}</svg>\n`
  );
}

function picture({ title, xName, points }: Curve, yName: string): string {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const x = scale(Math.min(...xs), Math.max(...xs), left, width - right);
  const [low, high] = [10 ** Math.floor(Math.log10(Math.min(...ys))), 10 ** Math.ceil(Math.log10(Math.max(...ys)))];
  const y = scale(low, high === low ? low * 10 : high, height - bottom, top);
  const powers = [];
  for (let power = low; power <= high * 1.001; power *= 10) powers.push(power);
  const grid = powers.map(
    (power) =>
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${at(y(power))}" y2="${at(y(power))}"/>` +
      `<text x="${left - 6}" y="${at(y(power) + 4)}" text-anchor="end">${label(power)}</text>`,
  );
  const names = points.map(
    (point) => `<text x="${at(x(point.x))}" y="${height - bottom + 14}" text-anchor="middle">${point.x}</text>`,
  );
  const line = points.map((point) => `${at(x(point.x))},${at(y(point.y))}`).join(' ');
  const first = points[0]!;
  const last = points.at(-1)!;
  // What the time would be if it grew exactly as the work does; within the picture only.
  const proportional = Math.min(high, (first.y * last.x) / first.x);
  const end = x((proportional / first.y) * first.x);
  return (
    `<text class="title" x="${left}" y="16">${escape(title)}</text>${grid.join('')}${names.join('')}` +
    `<line class="ideal" x1="${at(x(first.x))}" y1="${at(y(first.y))}" x2="${at(end)}" y2="${at(y(proportional))}"/>` +
    `<polyline class="line" points="${line}"/>` +
    points.map((point) => `<circle cx="${at(x(point.x))}" cy="${at(y(point.y))}" r="3"/>`).join('') +
    `<text x="${(left + width - right) / 2}" y="${height - 8}" text-anchor="middle">${escape(xName)}</text>` +
    `<text transform="translate(12 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">${escape(yName)}</text>`
  );
}

function scale(from: number, to: number, low: number, high: number): (value: number) => number {
  const span = Math.log(to / from) || 1;
  return (value) => low + (Math.log(value / from) / span) * (high - low);
}

const at = (value: number): string => value.toFixed(1);
const label = (value: number): string => (value >= 1 ? String(Math.round(value)) : value.toPrecision(1));
const escape = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);
