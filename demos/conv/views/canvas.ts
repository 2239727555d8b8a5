// The image tab's canvases: the picture with its cross, and what the filter makes of it.

import { html, type Properties } from '../../shared/dom.ts';
import { ways } from '../../shared/grid.ts';
import { shownOf, windowOf } from '../image.ts';
import type { Planes } from '../image_engine.ts';
import type { Pixels } from '../scene.ts';
import type { ConvState } from '../state.ts';
import type { ConvContext } from '../words.ts';

/** Row and column of the window that Enter opens. */
let cross: readonly [number, number] = [0, 0];

/** The canvas's pen, after the pixels. */
function put(element: Element, { width, height, data }: Pixels): CanvasRenderingContext2D | null {
  const pen = (element as HTMLCanvasElement).getContext('2d');
  pen?.putImageData(new ImageData(data, width, height), 0, 0);
  return pen;
}

/** Drawn now, and again by `draw` after each update of the page. */
export function canvasOf(
  pixels: Pixels,
  properties: Properties = {},
  draw = (element: Element): unknown => put(element, pixels),
): HTMLCanvasElement {
  const { width, height } = pixels;
  const canvas = html('canvas', { own: true, width, height, updated: (element) => void draw(element), ...properties });
  draw(canvas);
  return canvas;
}

/** The picture with a cross; a click or Enter opens the window around it. */
export function beforeCanvas(context: ConvContext, state: ConvState, source: Planes): HTMLElement {
  const { height, width } = source;
  cross = [Math.min(cross[0], height - 1), Math.min(cross[1], width - 1)];
  const { pixels } = shownOf(source, 'clamp');
  const draw = (element: Element): void => {
    const ink = put(element, pixels);
    if (!ink) return;
    ink.strokeStyle = '#d55e00';
    ink.strokeRect(cross[1] - 1.5, cross[0] - 1.5, 4, 4);
  };
  const open = (): void =>
    context.set({ ...windowOf(state, source, cross), tab: 'window', op: 'conv', step: 0 }, 'push');
  const properties: Properties = {
    key: 'before',
    tabindex: 0,
    role: 'application',
    'aria-label': `${context.t('image before')}, ${height} × ${width}: ${cross[0] + 1}, ${cross[1] + 1}`,
    'data-scrolls': true,
    on: {
      click: (event) => {
        const element = event.currentTarget as HTMLCanvasElement;
        const box = element.getBoundingClientRect();
        cross = [
          Math.floor(((event.clientY - box.top) / box.height) * height),
          Math.floor(((event.clientX - box.left) / box.width) * width),
        ];
        open();
      },
      keydown: (event) => {
        const step = ways[event.key];
        if (step)
          cross = [
            Math.min(Math.max(cross[0] + step[0], 0), height - 1),
            Math.min(Math.max(cross[1] + step[1], 0), width - 1),
          ];
        else if (event.key === 'Enter') open();
        else return;
        event.preventDefault();
        context.refresh();
      },
    },
  };
  return canvasOf(pixels, properties, draw);
}
