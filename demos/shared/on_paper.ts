// On paper a link is its address: it is written behind the links of the content, and the page's own stands at the end.

export function writeAddresses(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>('main a[href]')) link.dataset.address = link.href;
  for (const own of document.querySelectorAll('.own-address')) own.textContent = location.href;
}

/** Whether the page is being printed now. */
export const isOnPaper = (): boolean => matchMedia('print').matches;

/** Calls back when printing begins. */
export function onPaper(begins: () => void): void {
  window.addEventListener('beforeprint', begins);
  matchMedia('print').addEventListener('change', ({ matches }) => {
    if (matches) begins();
  });
}
