// A filter on a whole picture: a drawn scene, a file, a dropped or pasted picture, or the camera.

import './image.css';
import { choiceControl, fileControl } from '../../shared/controls.ts';
import { html, type Child } from '../../shared/dom.ts';
import { exportMenu } from '../../shared/export.ts';
import { specOf } from '../arithmetic.ts';
import { planeOf, planesOf, shownOf } from '../image.ts';
import type { Filtered, Planes } from '../image_engine.ts';
import type { ConvState } from '../state.ts';
import { kernelFigures } from '../window_figure.ts';
import type { ConvContext } from '../words.ts';
import { beforeCanvas, canvasFrom, canvasOf } from './canvas.ts';
import { editMatrix } from './edit.ts';
import { matrixView } from './matrix.ts';
import { listen, openCamera, photo, pixelsOf, snap, take } from './photo.ts';

interface Shown {
  readonly key: string;
  readonly source: Planes;
  readonly result: Filtered | null;
  readonly ended: boolean;
}
let shown: Shown | null = null;

/** A GPU that fails is said; by then the CPU does the same. */
async function filter(context: ConvContext, state: ConvState, source: Planes, k: Float32Array, gpu: boolean) {
  const { filterImage } = await import('../image_engine.ts');
  try {
    return await filterImage(source, k, state, gpu);
  } catch (error) {
    if (!gpu) throw error;
    context.fail(error, {}, { continue: () => forget(context) });
    return filterImage(source, k, state, false);
  }
}

function forget(context: ConvContext): void {
  shown = null;
  context.refresh();
}

export function imageView(context: ConvContext, state: ConvState): Child {
  const { t, set, device } = context;
  const gpu = device.kind === 'gpu' || device.kind === 'software';
  listen(context);
  const pixels = pixelsOf(state);
  const k = Float32Array.from(planeOf(state), (weight) => weight / state.div);
  const key = JSON.stringify([photo.revision, state.photo, state.colour, [...k], specOf(state), device.kind]);
  if (shown?.key !== key) {
    const source = planesOf(pixels, state.colour);
    const now: Shown = (shown = { key, source, result: shown?.result ?? null, ended: false });
    const what = (): string => t('the engine');
    // Which device it is to be is known in a moment.
    if (device.kind !== 'asking')
      void context
        .wait(filter(context, state, source, k, gpu), { what, said: true })
        .catch((error: unknown) => {
          context.fail(error, { what });
          return null;
        })
        .then((result) => {
          if (shown !== now) return;
          shown = { ...now, result: result ?? now.result, ended: true };
          context.refresh();
        });
  }
  const { result, source, ended } = shown;
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
      planeChoice(context, state),
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
      kernelView(context, state),
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
        : html('p', { role: 'status' }, t(ended ? 'ask failed' : 'asking')),
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

/** The filter itself, to be edited beside what it does. */
function kernelView(context: ConvContext, state: ConvState): HTMLElement {
  const [filters, depth] = state.k.shape as [number, number];
  const plane = Math.min(state.plane, filters * depth - 1);
  const oc = Math.floor(plane / depth);
  const figures = kernelFigures({ ...state, bias: false }, { oc, products: [], now: -1 });
  return matrixView(context, state, figures[plane % depth]!, {
    edited: (matrix, changes) => editMatrix(context, state, matrix, changes),
  });
}

/** Which filter and channel of K, where there are several. */
function planeChoice({ t, set }: ConvContext, { k, plane }: ConvState): Child {
  const [filters, depth] = k.shape as [number, number];
  if (filters * depth === 1) return null;
  return choice(
    t('name kernel'),
    String(Math.min(plane, filters * depth - 1)),
    Array.from({ length: filters * depth }, (_, i) => String(i)),
    (value) =>
      t('filter channel', { filter: Math.floor(Number(value) / depth) + 1, channel: (Number(value) % depth) + 1 }),
    (value) => set({ plane: Number(value) }),
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
