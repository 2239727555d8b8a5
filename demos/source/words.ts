import { dictionary } from '../shared/language.ts';

export const words = dictionary(
  {
    title: 'Source of the pages',
    lead: 'The pages as they were written, in TypeScript without a framework.',
    files: 'Files',
    loading: 'Loading {file}…',
    missing: '{file} is not here.',
  },
  {
    title: 'Source des pages',
    lead: 'Les pages telles qu’elles ont été écrites, en TypeScript sans bibliothèque d’interface.',
    files: 'Fichiers',
    loading: 'Chargement de {file}…',
    missing: '{file} n’est pas là.',
  },
);
