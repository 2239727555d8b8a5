// The pages that every check of the shell goes over; a new page is one line. A test compares it with demos/.

export const pages: readonly {
  readonly name: string;
  readonly path: string;
  /** Added to the link where axe looks at the page many times, and takes its time for each cell of a picture. */
  readonly small?: string;
  readonly h1: Readonly<Record<'en' | 'fr', string>>;
}[] = [
  {
    name: 'index',
    path: '',
    h1: { en: 'Retrograd: pages to learn with', fr: 'Retrograd\u202F: des pages pour apprendre' },
  },
  { name: 'bench', path: 'bench/', h1: { en: 'Kernel lab', fr: 'Laboratoire des noyaux' } },
  {
    name: 'conv',
    path: 'conv/',
    small: '&h=3&w=3&kh=2&kw=2',
    h1: { en: 'Convolution arithmetic', fr: 'Arithmétique de la convolution' },
  },
  { name: 'source', path: 'source/', h1: { en: 'Source of the pages', fr: 'Source des pages' } },
  { name: 'train_once', path: 'train_once/', h1: { en: 'Train in this page', fr: 'Entraîner dans cette page' } },
  { name: 'widgets', path: 'widgets/', h1: { en: 'Widgets of the pages', fr: 'Éléments des pages' } },
];
