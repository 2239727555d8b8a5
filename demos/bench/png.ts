// A picture of the page as PNG.

import { html } from '../shared/dom.ts';
import { download, pngOf, standalone } from '../shared/export.ts';
import { colour } from '../shared/theme.ts';

export const savePng = async (name: string, picture: SVGSVGElement): Promise<void> =>
  download(`${name}.png`, await pngOf(await drawn(picture)));

/** The SVG on a canvas, twice as fine, on the page's paper. */
async function drawn(picture: SVGSVGElement): Promise<HTMLCanvasElement> {
  const [, , width, height] = (picture.getAttribute('viewBox') ?? '0 0 300 150').split(' ').map(Number);
  const text = standalone(picture).replace('<svg ', `<svg width="${2 * width!}" height="${2 * height!}" `);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = html('canvas', { width: 2 * width!, height: 2 * height! });
  const pen = canvas.getContext('2d')!;
  pen.fillStyle = colour('--paper');
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0);
  return canvas;
}
