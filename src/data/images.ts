// Folders of images by class, and archives of them: decoded by the platform, or by a function of the user's.

import { checkOptions, checkTypes, DataError, OptionError } from '../core/errors.ts';
import { dataset, type Dataset } from './dataset.ts';
import { dataStream, type DataStream, type StreamItem } from './stream.ts';

/** A file by its path, whose last folder is its class: `cats/tabby/001.jpg` is a tabby. */
export interface ImageFile {
  readonly path: string;
  readonly bytes: Blob | Uint8Array;
}

/** What `<input type="file" webkitdirectory>`, a drop or an archive gives. */
export type ImageSource = ImageFile | File;

/** RGBA bytes of the size asked for, row by row. */
export type DecodeImage = (image: Blob, width: number, height: number) => Promise<Uint8ClampedArray | Uint8Array>;

export interface ImageOptions {
  /** What every image is scaled to, whatever its sides' proportion. */
  readonly height: number;
  readonly width: number;
  /** 3, red, green and blue, unless given; 1: grey, 0.299·R + 0.587·G + 0.114·B. What is transparent lies on black. */
  readonly channels?: 1 | 3;
  /** The classes by number; the folders' names in alphabetical order unless given. */
  readonly classNames?: readonly string[];
  /** `createImageBitmap` and a canvas unless given; Node has neither. */
  readonly decode?: DecodeImage;
}

export interface LabelledFiles {
  readonly classNames: readonly string[];
  /** The files in the order of the examples. */
  readonly paths: readonly string[];
}

const optionNames = ['height', 'width', 'channels', 'classNames', 'decode'];
const pictures = /\.(png|jpe?g|webp|gif|bmp|avif)$/i;

/** Every image of a folder of folders, as bytes [height, width, channels]. DataError names a file that cannot be decoded. */
export async function imageFolder(
  files: Iterable<ImageSource>,
  options: ImageOptions,
): Promise<LabelledFiles & { readonly data: Dataset }> {
  const { found, classNames, shape, read } = prepare('imageFolder', files, options);
  const length = shape[0] * shape[1] * shape[2];
  const x = new Uint8Array(found.length * length);
  for (const [i, file] of found.entries()) x.set(await read(file), i * length);
  const y = Int32Array.from(found, ({ label }) => label);
  const data = dataset({ x, y, shape, classes: classNames.length });
  return { data, classNames, paths: found.map(({ path }) => path) };
}

/**
 * The same images decoded as they are needed, for folders that memory does not hold: every pass reads each file again. `order`
 * gives a training's epoch its order, such as `(size, epoch) => shuffleOrder(size, 1, epoch)`; that of the paths unless given.
 */
export function imageStream(
  files: Iterable<ImageSource>,
  options: ImageOptions & { readonly order?: (size: number, epoch: number) => ArrayLike<number> },
): LabelledFiles & { readonly data: DataStream } {
  checkOptions('imageStream', options, [...optionNames, 'order']);
  const { order, ...rest } = options;
  checkTypes('imageStream', 'function', { order });
  const { found, classNames, shape, read } = prepare('imageStream', files, rest);
  async function* examples(epoch: number): AsyncGenerator<StreamItem> {
    const places = order?.(found.length, epoch);
    for (let i = 0; i < found.length; i++) {
      const file = found[places?.[i] ?? i]!;
      yield { x: await read(file), y: file.label };
    }
  }
  const data = dataStream({ size: found.length, shape, classes: classNames.length, examples });
  return { data, classNames, paths: found.map(({ path }) => path) };
}

/**
 * The files of a ZIP archive for `imageFolder`: `unzip` is a library's, such as fflate's `unzipSync`, which gives the bytes of each
 * file by its path.
 */
export async function zipEntries(
  archive: Uint8Array,
  unzip: (archive: Uint8Array) => Readonly<Record<string, Uint8Array>> | Promise<Readonly<Record<string, Uint8Array>>>,
): Promise<ImageFile[]> {
  if (typeof unzip !== 'function') {
    throw new OptionError(
      `zipEntries: unzip is ${typeof unzip}, expected a library's function, such as fflate's unzipSync`,
    );
  }
  let entries;
  try {
    entries = await unzip(archive);
  } catch (error) {
    throw new DataError(`zipEntries: the archive of ${archive.length} bytes could not be read: ${String(error)}`);
  }
  return Object.entries(entries)
    .filter(([path]) => !path.endsWith('/'))
    .map(([path, bytes]) => ({ path, bytes }));
}

function prepare(where: string, files: Iterable<ImageSource>, options: ImageOptions) {
  checkOptions(where, options, optionNames);
  const { height, width, channels = 3, decode = platformDecode } = options;
  for (const [name, value] of Object.entries({ height, width })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new OptionError(`${where}: ${name} is ${value}, expected a whole number of pixels`);
  }
  if (channels !== 1 && channels !== 3)
    throw new OptionError(`${where}: channels is ${String(channels)}, expected 1 or 3`);
  checkTypes(where, 'function', { decode });
  const names = options.classNames;
  if (names !== undefined && !(Array.isArray(names) && names.length > 0 && new Set(names).size === names.length)) {
    throw new OptionError(`${where}: classNames is ${JSON.stringify(names)}, expected a list of different names`);
  }
  const images = [...files].map((file) => ({
    path: pathOf(file),
    bytes: file instanceof Blob ? file : asBlob(file.bytes),
  }));
  // Archives and systems add files of their own, hidden ones and folders of `__MACOSX`.
  const shown = images.filter(({ path }) => pictures.test(path) && !/(^|\/)(\.|__MACOSX\/)/.test(path));
  if (shown.length === 0) {
    throw new DataError(`${where}: none of ${images.length} files is an image (png, jpg, webp, gif, bmp, avif)`);
  }
  const labelled = shown.map((file) => {
    const folder = file.path.split('/').at(-2);
    if (folder) return { ...file, folder };
    throw new DataError(`${where}: '${file.path}' is in no folder, expected one by the name of its class`);
  });
  const classNames = options.classNames ?? [...new Set(labelled.map(({ folder }) => folder))].sort(byText);
  const found = labelled
    .map(({ folder, path, bytes }) => {
      const label = classNames.indexOf(folder);
      if (label >= 0) return { path, bytes, label };
      throw new DataError(`${where}: '${path}' is of class '${folder}', expected one of ${classNames.join(', ')}`);
    })
    .sort((a, b) => byText(a.path, b.path));
  async function read({ path, bytes }: { path: string; bytes: Blob }): Promise<Uint8Array> {
    let rgba;
    try {
      rgba = await decode(bytes, width, height);
    } catch (error) {
      throw new DataError(`${where}: '${path}' could not be decoded: ${String(error)}`);
    }
    if (rgba.length !== 4 * width * height) {
      throw new DataError(
        `${where}: decode gave ${rgba.length} bytes for '${path}', expected ${4 * width * height} of ${width}×${height} RGBA`,
      );
    }
    return channelsOf(rgba, channels as 1 | 3);
  }
  return { found, classNames, shape: [height, width, channels] as const, read };
}

/** The same order in every language. */
function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function pathOf(file: ImageSource): string {
  if (!(file instanceof Blob)) return file.path;
  return file.webkitRelativePath === '' ? file.name : file.webkitRelativePath;
}

function asBlob(bytes: Blob | Uint8Array): Blob {
  return bytes instanceof Blob ? bytes : new Blob([bytes as Uint8Array<ArrayBuffer>]);
}

function channelsOf(rgba: ArrayLike<number>, channels: 1 | 3): Uint8Array {
  const pixels = new Uint8Array((rgba.length / 4) * channels);
  for (let i = 0; i < rgba.length / 4; i++) {
    const [r, g, b] = [rgba[4 * i]!, rgba[4 * i + 1]!, rgba[4 * i + 2]!];
    if (channels === 1) pixels[i] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    else pixels.set([r, g, b], 3 * i);
  }
  return pixels;
}

async function platformDecode(image: Blob, width: number, height: number): Promise<Uint8ClampedArray> {
  if (typeof createImageBitmap !== 'function' || typeof OffscreenCanvas !== 'function') {
    throw new Error('createImageBitmap and OffscreenCanvas are not here; give decode');
  }
  const bitmap = await createImageBitmap(image);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false })!;
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return context.getImageData(0, 0, width, height).data;
}
