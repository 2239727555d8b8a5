// A filter on a whole picture: a drawn scene, a file, a dropped or pasted picture, or the camera.

import './image.css';
import { button } from '../../shared/buttons.ts';
import { choiceControl, fileControl } from '../../shared/controls.ts';
import { html, type Child } from '../../shared/dom.ts';
import { exportMenu } from '../../shared/export.ts';
import { failureOf } from '../../shared/failures.ts';
import { forgetLosses, mayRetry } from '../../shared/losses.ts';
import { specOf } from '../arithmetic.ts';
import { planeOf, planesOf, shownOf } from '../image.ts';
import type { Filtered, Planes } from '../image_engine.ts';
import { pictureOf } from '../picture.ts';
import type { ConvState } from '../state.ts';
import { kernelFigures } from '../window_figure.ts';
import type { ConvContext } from '../words.ts';
import { beforeCanvas, canvasOf } from './canvas.ts';
import { editMatrix } from './edit.ts';
import { filterChannel, matrixName, matrixView } from './matrix.ts';
import { listen, openCamera, photo, pixelsOf, snap, take } from './photo.ts';

interface Shown {
  readonly key: string;
  readonly source: Planes;
  readonly result: Filtered | null;
  readonly ended: boolean;
}
let shown: Shown | null = null;

/** The GPU was lost so often that it is asked again only when the reader says so. */
let gaveUp = false;

/** A GPU that fails is said. Lost, it is asked again, but not for ever; else the CPU does the same. */
async function filter(
  context: ConvContext,
  state: ConvState,
  source: Planes,
  k: Float32Array,
  gpu: boolean,
): Promise<Filtered> {
  const { filterImage } = await import('../image_engine.ts');
  const asked = gpu && !gaveUp;
  try {
    return await filterImage(source, k, state, asked);
  } catch (error) {
    if (!asked) throw error;
    const { code } = failureOf(error);
    gaveUp = code === 'E7' && !mayRetry();
    const again = (): void => {
      gaveUp = false;
      forgetLosses();
      shown = null;
      context.dismiss(code);
    };
    context.fail(error, {}, { continue: again });
    return filter(context, state, source, k, code === 'E7');
  }
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
  const after = result
    ? t('image after', { height: result.height, width: result.width, device: t(`device ${result.device}`) })
    : '';
  const menu = (name: 'image before' | 'tab image', canvas: () => HTMLCanvasElement): HTMLElement =>
    exportMenu(context, { key: 'export', name: `${t('title')} – ${t(name)}`, picture: canvas });
  return html(
    'div',
    { class: 'image-tab', key: 'image' },
    html(
      'div',
      { class: 'bar' },
      photo.own
        ? choiceControl({
            label: t('image source'),
            value: state.photo,
            of: ['scene', 'own'],
            name: (value) => t(`photo ${value}`),
            set: (photo) => set({ photo }),
          })
        : null,
      planeChoice(context, state),
      choiceControl({
        label: t('image colour'),
        value: state.colour,
        of: ['grey', 'channels', 'sum'],
        name: (value) => t(`colour ${value}`),
        set: (colour) => set({ colour }),
      }),
      choiceControl({
        label: t('image range'),
        value: state.range,
        of: ['clamp', 'absolute', 'normalise'],
        name: (value) => t(`range ${value}`),
        set: (range) => set({ range }),
      }),
      fileControl({ label: t('image open'), accept: 'image/*', take: (file) => void take(context, file) }),
      photo.camera
        ? button(t('camera take'), () => void snap(context))
        : button(t('image camera'), () => void openCamera(context)),
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
        menu('image before', () => canvasOf(shownOf(source, 'clamp').pixels)),
      ),
      kernelView(context, state),
      result && picture
        ? html(
            'figure',
            { class: 'figure', 'data-device': result.device },
            html('figcaption', {}, after),
            canvasOf(picture.pixels, { key: 'after', role: 'img', 'aria-label': after }),
            html(
              'p',
              { class: 'hint' },
              t(`legend ${state.range}`, { least: picture.least, greatest: picture.greatest }),
            ),
            menu('tab image', () => canvasOf(picture.pixels)),
          )
        : html('p', { role: 'status' }, t(ended ? 'ask failed' : 'asking')),
    ),
    html('p', { class: 'hint' }, t('image pick')),
  );
}

/** The filter itself, to be edited beside what it does. */
function kernelView(context: ConvContext, state: ConvState): HTMLElement {
  const [filters, depth] = state.k.shape as [number, number];
  const plane = Math.min(state.plane, filters * depth - 1);
  const oc = Math.floor(plane / depth);
  const figures = kernelFigures({ ...state, bias: false }, { oc, products: [], now: -1 });
  const figure = figures[plane % depth]!;
  const name = matrixName(context, figure, state);
  return html(
    'div',
    {},
    matrixView(context, state, figure, {
      edited: (matrix, changes) => editMatrix(context, state, matrix, changes),
    }),
    exportMenu(context, {
      key: 'export',
      name: `${context.t('title')} – ${name}`,
      picture: () => pictureOf([[figure]], () => name),
    }),
  );
}

/** Which filter and channel of K, where there are several. */
function planeChoice({ t, set }: ConvContext, { k, plane }: ConvState): Child {
  const [filters, depth] = k.shape as [number, number];
  if (filters * depth === 1) return null;
  return choiceControl({
    label: t('name kernel'),
    value: String(Math.min(plane, filters * depth - 1)),
    of: Array.from({ length: filters * depth }, (_, i) => String(i)),
    name: (value) => filterChannel(t, Number(value), depth),
    set: (value) => set({ plane: Number(value) }),
  });
}
