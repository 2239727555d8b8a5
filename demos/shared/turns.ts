// Work in pieces, so that the browser paints and answers in between.

/** Runs each in a task of its own, one after the other. Ends at one that throws: whoever needs what it makes finds it wanting. */
export async function inTurns(pieces: readonly (() => unknown)[]): Promise<void> {
  for (const piece of pieces) {
    try {
      piece();
    } catch {
      return;
    }
    await new Promise((done) => setTimeout(done));
  }
}
