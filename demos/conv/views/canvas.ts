// The image tab's canvases: the picture with its cross, and what the filter makes of it.

import { html } from '../../shared/dom.ts';
import { shownOf, windowOf } from '../image.ts';
import type { Planes } from '../image_engine.ts';
import type { Pixels } from '../scene.ts';
import type { ConvState } from '../state.ts';
import type { ConvContext } from '../words.ts';

/** Row and column of the window that Enter opens. */
let cross: readonly [number, number] = [0, 0];

export function canvasFrom({ width, height, data }: Pixels): HTMLCanvasElement {
  const canvas = html('canvas', { width, height });
  canvas.getContext('2d')?.putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}

export function canvasOf(key: string, pixels: Pixels, label: string): HTMLCanvasElement {
  const draw = (element: Element): void => {
    const canvas = element as HTMLCanvasElement;
    canvas.getContext('2d')?.putImageData(new ImageData(pixels.data, pixels.width, pixels.height), 0, 0);
  };
  const canvas = html('canvas', {
    key,
    own: true,
    width: pixels.width,
    height: pixels.height,
    role: 'img',
    'aria-label': label,
    updated: draw,
  });
  draw(canvas);
  return canvas;
}

/** The picture with a cross; a click or Enter opens the window around it. */
export function beforeCanvas(context: ConvContext, state: ConvState, source: Planes): HTMLElement {
  const { height, width } = source;
  cross = [Math.min(cross[0], height - 1), Math.min(cross[1], width - 1)];
  const { pixels } = shownOf(source, 'clamp');
  const draw = (element: Element): void => {
    const ink = (element as HTMLCanvasElement).getContext('2d');
    if (!ink) return;
    ink.putImageData(new ImageData(pixels.data, width, height), 0, 0);
    ink.strokeStyle = '#d55e00';
    ink.strokeRect(cross[1] - 1.5, cross[0] - 1.5, 4, 4);
  };
  const open = (): void =>
    context.set({ ...windowOf(state, source, cross), tab: 'window', op: 'conv', step: 0 }, 'push');
  const canvas = html('canvas', {
    key: 'before',
    own: true,
    width,
    height,
    tabindex: 0,
    role: 'application',
    'aria-label': `${context.t('image before')}, ${height} × ${width}: ${cross[0] + 1}, ${cross[1] + 1}`,
    'data-scrolls': true,
    updated: draw,
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
        const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
        if (step)
          cross = [
            Math.min(Math.max(cross[0] + step[0]!, 0), height - 1),
            Math.min(Math.max(cross[1] + step[1]!, 0), width - 1),
          ];
        else if (event.key === 'Enter') open();
        else return;
        event.preventDefault();
        context.refresh();
      },
    },
  });
  draw(canvas);
  return canvas;
}
