// What the browser keeps of a reader's choices. Storage can be refused (private windows, embedded pages): a choice then lasts
// as long as the page.

/** The one of `all` that was kept under a name. */
export function kept<Value extends string>(name: string, all: readonly Value[]): Value | undefined {
  try {
    const value = localStorage.getItem(name);
    return all.find((one) => one === value);
  } catch {
    return undefined;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // as above
  }
}
