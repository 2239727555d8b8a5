// Curves of one quantity against another on logarithmic axes, several pictures in one SVG; colours follow the reader's theme.

export interface Curve {
  readonly title: string;
  /** What the horizontal axis counts. */
  readonly xName: string;
  readonly yName: string;
  /** `ideal`: what y would be if it grew exactly as the work does; dashed. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly ideal?: number }[];
}

const width = 300;
const height = 220;
const left = 56;
const right = 20;
const top = 30;
const bottom = 40;
const columns = 2;

const style =
  'text{font:11px system-ui,sans-serif;fill:#333}.title{font-weight:600}.paper{fill:#fff}.grid{stroke:#ccc}' +
  '.line{stroke:#06c;fill:none;stroke-width:2}.ideal{stroke:#777;fill:none;stroke-dasharray:4 4}circle{fill:#06c}' +
  '@media (prefers-color-scheme:dark){text{fill:#ddd}.paper{fill:#161616}.grid{stroke:#444}.line{stroke:#6af}' +
  '.ideal{stroke:#999}circle{fill:#6af}}';

/** One picture for each curve; `title` and `description` are for readers who do not see them. */
export function plotSvg(curves: readonly Curve[], title: string, description: string): string {
  const drawn = plotted(curves);
  const rows = Math.ceil(drawn.length / columns);
  const pictures = drawn.map((curve, i) => {
    const [x, y] = [(i % columns) * width, Math.floor(i / columns) * height];
    return `<g transform="translate(${x} ${y})">${picture(curve)}</g>`;
  });
  const [w, h] = [columns * width, rows * height];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img" ` +
    `aria-labelledby="title description"><title id="title">${escape(title)}</title>` +
    `<desc id="description">${escape(description)}</desc><style>${style}</style>` +
    `<rect class="paper" width="${w}" height="${h}"/>${pictures.join('')}</svg>\n`
  );
}

/** Those that have a picture: of two points or more. */
export function plotted(curves: readonly Curve[]): Curve[] {
  return curves.filter(({ points }) => points.length > 1);
}

function picture({ title, xName, yName, points }: Curve): string {
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
  const path = (of: (point: Curve['points'][number]) => number): string =>
    points.map((point) => `${at(x(point.x))},${at(y(of(point)))}`).join(' ');
  // Within the picture only: it may rise above the highest power.
  const ideal = points.every((point) => point.ideal !== undefined)
    ? `<polyline class="ideal" points="${path((point) => Math.min(Math.max(point.ideal!, low), Math.max(high, low * 10)))}"/>`
    : '';
  return (
    `<text class="title" x="${left}" y="16">${escape(title)}</text>${grid.join('')}${names.join('')}${ideal}` +
    `<polyline class="line" points="${path((point) => point.y)}"/>` +
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
