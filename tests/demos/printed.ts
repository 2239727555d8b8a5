// Programs that pages give their readers, run as a reader would, with the import and the print replaced.

type Run = (library: object, console: { log: (value: unknown) => void }) => Promise<void>;
const Program = Object.getPrototypeOf(async () => undefined).constructor as new (...text: string[]) => Run;

/** What `code` prints; `library` stands for the import of 'retrograd'. */
export async function printedBy(code: string, library: object): Promise<unknown[]> {
  const body = code.replace(/import \{ (.*) \} from 'retrograd';/, 'const { $1 } = library;');
  const printed: unknown[] = [];
  await new Program('library', 'console', body)(library, { log: (value) => printed.push(value) });
  return printed;
}
