// The sample picture: a sky, a sun, a house and a hatch of fine lines, computed pixel by pixel, so the same on any machine.

export const sceneSize = 192;

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and alpha of each pixel, 0 to 255. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

export function scene(): Pixels {
  const size = sceneSize;
  const data = new Uint8ClampedArray(4 * size * size);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) data.set([...colourAt(x / size, y / size), 255], 4 * (y * size + x));
  return { width: size, height: size, data };
}

function colourAt(x: number, y: number): [number, number, number] {
  const roof = y > 0.32 && y < 0.52 && Math.abs(x - 0.36) < (y - 0.32) * 1.3;
  const wall = y >= 0.52 && y < 0.8 && Math.abs(x - 0.36) < 0.21;
  const door = y > 0.62 && y < 0.8 && Math.abs(x - 0.36) < 0.05;
  const pane = Math.abs(y - 0.61) < 0.05 && (Math.abs(x - 0.23) < 0.045 || Math.abs(x - 0.49) < 0.045);
  if (Math.hypot(x - 0.78, y - 0.2) < 0.11) return [250, 205, 60];
  if (roof) return [170, 60, 45];
  if (door) return [70, 45, 35];
  if (pane) return [225, 235, 245];
  if (wall) return [Math.floor(y * 96) % 6 === 0 ? 175 : 205, 190, 165];
  if (x > 0.7 && y > 0.55 && y < 0.8) return Math.floor((x + y) * 96) % 4 < 2 ? [40, 40, 40] : [230, 230, 230];
  if (y >= 0.8) return [70 + 60 * x, 120, 60];
  return [120 + 70 * y, 170 + 50 * y, 235];
}
