// The first filter on a whole picture: a drawn scene, a file, a dropped or pasted picture, or the camera.

import './image.css';
import { choiceControl, fileControl } from '../../shared/controls.ts';
import { html, type Child } from '../../shared/dom.ts';
import { exportMenu } from '../../shared/export.ts';
import { planesOf, shownOf, windowOf } from '../image.ts';
import type { Filtered, Planes } from '../image_engine.ts';
import type { Pixels } from '../scene.ts';
import type { ConvState } from '../state.ts';
import type { ConvContext } from '../words.ts';
import { listen, openCamera, photo, pixelsOf, snap, take } from './photo.ts';

let shown: { readonly key: string; readonly result: Filtered | null; readonly source: Planes } | null = null;
let cross: readonly [number, number] = [0, 0];

export function imageView(context: ConvContext, state: ConvState): Child {
  const { t, set } = context;
  listen(context);
  const pixels = pixelsOf(state);
  const k = Float32Array.from(
    { length: state.kh * state.kw },
    (_, i) => (state.flip ? state.k.values[state.kh * state.kw - 1 - i]! : state.k.values[i]!) / state.div,
  );
  const key = JSON.stringify([
    photo.revision,
    state.photo,
    state.colour,
    state.kh,
    state.kw,
    [...k],
    state.pad,
    state.pt,
    state.pl,
    state.pb,
    state.pr,
    state.sy,
    state.sx,
    state.dy,
    state.dx,
    state.mode,
  ]);
  if (shown?.key !== key) {
    const source = planesOf(pixels, state.colour);
    shown = { key, result: shown?.result ?? null, source };
    void import('../image_engine.ts')
      .then(async ({ filterImage }) =>
        filterImage(source, k, state, context.device.kind === 'gpu' || context.device.kind === 'software'),
      )
      .then(
        (result) => {
          if (shown?.key === key) shown = { key, result, source };
          context.refresh();
        },
        (error: unknown) => context.fail(error, { what: () => t('the engine') }),
      );
  }
  const { result, source } = shown;
  const picture = result ? shownOf(result, state.range) : null;
  return html(
    'div',
    { class: 'image-tab', key: 'image' },
    html(
      'div',
      { class: 'bar' },
      photo.own
        ? choice(
            t('image source'),
            state.photo,
            ['scene', 'own'] as const,
            (value) => t(`photo ${value}`),
            (photo) => set({ photo }),
          )
        : null,
      choice(
        t('image colour'),
        state.colour,
        ['grey', 'channels', 'sum'] as const,
        (value) => t(`colour ${value}`),
        (colour) => set({ colour }),
      ),
      choice(
        t('image range'),
        state.range,
        ['clamp', 'absolute', 'normalise'] as const,
        (value) => t(`range ${value}`),
        (range) => set({ range }),
      ),
      fileControl({ label: t('image open'), accept: 'image/*', take: (file) => void take(context, file) }),
      photo.camera
        ? html('button', { type: 'button', on: { click: () => void snap(context) } }, t('camera take'))
        : html('button', { type: 'button', on: { click: () => void openCamera(context) } }, t('image camera')),
    ),
    photo.camera
      ? html('video', {
          own: true,
          key: 'video',
          muted: true,
          playsinline: true,
          autoplay: true,
          'aria-label': t('image camera'),
          updated: (element) => ((element as HTMLVideoElement).srcObject = photo.camera),
        })
      : null,
    html('p', { class: 'hint' }, t('image drop')),
    html(
      'div',
      { class: 'row' },
      html(
        'figure',
        { class: 'figure' },
        html('figcaption', {}, t('image before')),
        beforeCanvas(context, state, source),
      ),
      result && picture
        ? html(
            'figure',
            { class: 'figure', 'data-device': result.device },
            html(
              'figcaption',
              {},
              t('image after', { height: result.height, width: result.width, device: t(`device ${result.device}`) }),
            ),
            canvasOf(
              'after',
              picture.pixels,
              t('image after', { height: result.height, width: result.width, device: t(`device ${result.device}`) }),
            ),
            html(
              'p',
              { class: 'hint' },
              t(`legend ${state.range}`, { least: picture.least, greatest: picture.greatest }),
            ),
          )
        : html('p', { role: 'status' }, t('asking')),
    ),
    html('p', { class: 'hint' }, t('image pick')),
    picture
      ? exportMenu(context, {
          key: 'image-export',
          name: `${t('title')} – ${t('tab image')}`,
          picture: () => canvasFrom(picture.pixels),
        })
      : null,
  );
}

function choice<Value extends string>(
  label: string,
  value: Value,
  all: readonly Value[],
  name: (value: Value) => string,
  set: (value: Value) => void,
): HTMLElement {
  return choiceControl({ label, value, options: all.map((one) => ({ value: one, label: name(one) })), set });
}

function canvasFrom({ width, height, data }: Pixels): HTMLCanvasElement {
  const canvas = html('canvas', { width, height });
  canvas.getContext('2d')?.putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}

function canvasOf(key: string, pixels: Pixels, label: string): HTMLCanvasElement {
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
function beforeCanvas(context: ConvContext, state: ConvState, source: Planes): HTMLElement {
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
