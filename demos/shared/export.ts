// What a teacher takes away from a figure: the picture as a file, and the permalink as Markdown or as a frame for slides.
import { button } from './buttons.ts';
import { copyText } from './clipboard.ts';
import type { Context } from './context.ts';
import { html } from './dom.ts';
import { icon } from './icons.ts';
import type { Offer } from './notices.ts';

export interface Export {
  readonly key: string;
  /** The figure's name, also the file's. */
  readonly name: string;
  /** The present picture: an SVG, saved as such, or a canvas, saved as PNG. */
  picture(): SVGSVGElement | HTMLCanvasElement;
  /** What else a page offers, beside saving the picture and copying the link. */
  readonly more?: readonly Offer[];
}

export function exportMenu(context: Context, { key, name, picture, more = [] }: Export): HTMLElement {
  const { shell: t } = context;
  const item = (label: string, act: () => unknown): HTMLElement =>
    html(
      'li',
      {},
      button(label, () => void act()),
    );
  const save = async (): Promise<void> => {
    const made = picture();
    if (made instanceof HTMLCanvasElement) download(`${name}.png`, await pngOf(made));
    else download(`${name}.svg`, new Blob([standalone(made)], { type: 'image/svg+xml' }));
  };
  return html(
    'details',
    { class: 'menu', key, 'data-part': 'export' },
    html('summary', {}, icon('download'), t('export'), html('span', { class: 'unseen' }, `, ${name}`)),
    html(
      'ul',
      {},
      item(t('save picture'), save),
      more.map(({ label, act }) => item(label(), act)),
      item(t('copy markdown'), async () => copyText(context, markdown(name, await context.address()))),
      item(t('copy frame'), async () => copyText(context, frame(name, await context.address()))),
    ),
  );
}

export const markdown = (name: string, address: string): string =>
  `[${name.replace(/[[\]\\]/g, '\\$&')}](${address.replaceAll('(', '%28').replaceAll(')', '%29')})`;

/** The page without header and footer, for a slide. */
export function frame(name: string, address: string): string {
  const source = /[#&]embed=1/.test(address) ? address : `${address}${address.includes('#') ? '&' : '#v=1&'}embed=1`;
  const escaped = (text: string): string =>
    text.replace(/[&"<>]/g, (letter) => ({ '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' })[letter]!);
  return `<iframe src="${escaped(source)}" title="${escaped(name)}" width="960" height="600" style="border:0"></iframe>`;
}

export function download(name: string, blob: Blob): void {
  const href = URL.createObjectURL(blob);
  html('a', { href, download: name.replace(/[\\/:*?"<>|]+/g, '-') }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

export const pngOf = async (canvas: HTMLCanvasElement): Promise<Blob> =>
  new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the canvas gave no picture'))));
  });

const painted = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'dominant-baseline',
];

/** The SVG's text with the colours and fonts the page's style gives it now, so that it looks the same anywhere. */
export function standalone(picture: SVGSVGElement): string {
  const live = picture.isConnected ? picture : (picture.cloneNode(true) as SVGSVGElement);
  const stage = html('div', { class: 'unseen' }, live === picture ? null : live);
  if (live !== picture) document.body.append(stage);
  const copy = live.cloneNode(true) as SVGSVGElement;
  const originals = [live, ...live.querySelectorAll('*')];
  for (const [i, element] of [copy, ...copy.querySelectorAll('*')].entries()) {
    const style = getComputedStyle(originals[i]!);
    for (const property of painted) element.setAttribute(property, style.getPropertyValue(property));
    element.removeAttribute('style');
    element.removeAttribute('class');
  }
  const { width, height } = live.getBoundingClientRect();
  if (!copy.hasAttribute('viewBox')) copy.setAttribute('viewBox', `0 0 ${width} ${height}`);
  stage.remove();
  return new XMLSerializer().serializeToString(copy);
}
