// Where the image tab's pictures come from: the drawn scene, files, drops, pastes and the camera.

import { html } from '../../shared/dom.ts';
import { scene, type Pixels } from '../scene.ts';
import type { ConvState } from '../state.ts';
import type { ConvContext } from '../words.ts';

interface Photo {
  own: Pixels | null;
  camera: MediaStream | null;
  /** Grows with each picture of one's own. */
  revision: number;
}
/** The reader's picture: it is in no link, so not in the state. */
export const photo: Photo = { own: null, camera: null, revision: 0 };
let sample: Pixels | null = null;

export const pixelsOf = (state: ConvState): Pixels =>
  state.photo === 'own' && photo.own ? photo.own : (sample ??= scene());

const most = 512;

export async function take(context: ConvContext, file: File | null | undefined): Promise<void> {
  if (!file) return;
  try {
    const bitmap = await createImageBitmap(file);
    adopt(context, bitmap, bitmap.width, bitmap.height);
    context.dismiss('E12');
  } catch (error) {
    context.fail(error, { of: 'file', file: file.name, what: () => context.t('picture') });
  }
}

function adopt(context: ConvContext, source: CanvasImageSource, width: number, height: number): void {
  const scale = Math.min(1, most / Math.max(width, height));
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const ink = html('canvas', { width: w, height: h }).getContext('2d', { willReadFrequently: true })!;
  ink.drawImage(source, 0, 0, w, h);
  photo.own = { width: w, height: h, data: ink.getImageData(0, 0, w, h).data as Uint8ClampedArray<ArrayBuffer> };
  photo.revision++;
  context.set({ photo: 'own' });
}

export async function openCamera(context: ConvContext): Promise<void> {
  try {
    photo.camera = await navigator.mediaDevices.getUserMedia({ video: { width: most, height: most } });
    context.dismiss('E13');
  } catch (error) {
    context.fail(error, { of: 'camera' }, { retry: () => void openCamera(context) });
  }
  context.refresh();
}

export async function snap(context: ConvContext): Promise<void> {
  const video = html('video', { muted: true, playsinline: true });
  video.srcObject = photo.camera;
  await video.play();
  adopt(context, video, video.videoWidth, video.videoHeight);
  for (const track of photo.camera?.getTracks() ?? []) track.stop();
  photo.camera = null;
  context.refresh();
}

let listening = false;

/** Drops and pastes anywhere on the page, while this tab is the one shown. */
export function listen(context: ConvContext): void {
  if (listening) return;
  listening = true;
  const isHere = (): boolean => document.querySelector('.image-tab') !== null;
  document.addEventListener('dragover', (event) => {
    if (isHere()) event.preventDefault();
  });
  document.addEventListener('drop', (event) => {
    if (!isHere()) return;
    event.preventDefault();
    void take(context, event.dataTransfer?.files[0]);
  });
  document.addEventListener('paste', (event) => {
    if (isHere() && event.clipboardData?.files[0]) void take(context, event.clipboardData.files[0]);
  });
}
