import { dictionary } from '../shared/language.ts';

export const words = dictionary(
  {
    title: 'Train in this page',
    lead: 'A small convolutional network learns to tell ten drawn characters apart, on this machine’s GPU where the browser offers one, else on its CPU. Nothing is downloaded or sent.',
    train: 'Train',
    training: 'training…',
    done: 'done',
    log: 'Training log',
    heard: 'Epoch {epoch} of {epochs}, validation accuracy {accuracy}',
  },
  {
    title: 'Entraîner dans cette page',
    lead: 'Un petit réseau convolutif apprend à distinguer dix caractères dessinés, sur le GPU de cette machine si le navigateur en propose un, sinon sur son CPU. Rien n’est téléchargé ni envoyé.',
    train: 'Entraîner',
    training: 'entraînement…',
    done: 'terminé',
    log: 'Journal d’entraînement',
    heard: 'Époque {epoch} sur {epochs}, exactitude (accuracy) de validation {accuracy}',
  },
);
