import { dictionary } from '../shared/language.ts';

export const words = dictionary(
  {
    title: 'Widgets of the pages',
    lead: 'For those who write pages: each widget once, as its tests use it.',
    input: 'input',
    doubled: 'doubled',
    current: 'current step',
    rows: 'Rows',
    rate: 'Rate',
    mode: 'Mode',
    zeros: 'Zeros',
    reflect: 'Reflect',
    bias: 'Bias',
    preset: 'Preset: ramp',
    sum: { one: 'The sum of {n} cell is {sum}.', other: 'The sum of {n} cells is {sum}.' },
  },
  {
    title: 'Éléments des pages',
    lead: 'Pour qui écrit des pages : chaque élément une fois, tel que ses tests l’utilisent.',
    input: 'entrée',
    doubled: 'double',
    current: 'étape courante',
    rows: 'Lignes',
    rate: 'Taux',
    mode: 'Mode',
    zeros: 'Zéros',
    reflect: 'Miroir',
    bias: 'Biais',
    preset: 'Préréglage : rampe',
    sum: { one: 'La somme de {n} case est {sum}.', other: 'La somme des {n} cases est {sum}.' },
  },
);
