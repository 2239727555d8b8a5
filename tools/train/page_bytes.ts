// How bytes and errors cross between a page and the terminal, which only JSON can.

export interface ErrorReport {
  readonly name: string;
  readonly message: string;
  readonly reason: string | null;
}

export function reportOf(error: unknown): ErrorReport {
  const { name, message, reason } = error as Error & { reason?: string };
  return { name, message, reason: reason ?? null };
}

export async function fetchBytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`data: ${url} could not be read (HTTP ${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

export async function base64(bytes: Uint8Array): Promise<string> {
  const url = await new Promise<string>((done, fail) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => done(reader.result as string));
    reader.addEventListener('error', () => fail(reader.error ?? new Error('the weights could not be encoded')));
    reader.readAsDataURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  });
  return url.slice(url.indexOf(',') + 1);
}
