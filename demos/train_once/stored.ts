// Which epoch this browser keeps of an earlier visit: known without the engine, which reads the rest.

const name = 'retrograd.train_once';

/** The epoch of what an earlier visit kept in this browser, or null. */
export function storedBefore(): number | null {
  try {
    const epoch = Number(localStorage.getItem(name));
    return epoch > 0 ? epoch : null;
  } catch {
    return null;
  }
}

export function remember(epoch: number): void {
  try {
    localStorage.setItem(name, String(epoch));
  } catch {
    // Then the training is found in this visit only.
  }
}
