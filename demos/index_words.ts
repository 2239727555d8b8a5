import { dictionary } from './shared/language.ts';

export const words = dictionary(
  {
    title: 'Retrograd: pages to learn with',
    lead: 'Each page computes with the engine itself, in your browser, and shows every number it computes with. Every setting stands in the page’s link, so a lecture can point at one exact step.',
    'needs gpu': 'GPU recommended',
    'needs cpu': 'CPU is fine',
    sizes: 'the sizes of the downloads',
    size: 'Download {kB} kB',
    'size engine': 'Download {kB} kB, and {engine} kB when it computes',
    chapter: 'Chapter: {chapter}',
    'conv title': 'Convolution arithmetic',
    'conv says':
      'Follow a convolution number by number: window, im2col and matrix product, both gradients, transposed.',
    'conv chapter': 'convolutional networks',
    'bench title': 'Kernel lab',
    'bench says':
      'Measure every kernel on this machine, forward and backward, checked before it is timed; compare runs, or time a kernel of your own.',
    'bench chapter': 'performance',
    'train_once title': 'Train in this page',
    'train_once says': 'One click trains a small convolutional network on drawn characters and prints each epoch.',
    'train_once chapter': 'training in practice',
  },
  {
    title: 'Retrograd : des pages pour apprendre',
    lead: 'Chaque page calcule avec le moteur lui-même, dans votre navigateur, et montre chaque nombre qu’elle utilise. Tous les réglages figurent dans le lien de la page : un cours peut désigner une étape précise.',
    'needs gpu': 'GPU conseillé',
    'needs cpu': 'Le CPU suffit',
    sizes: 'les tailles des téléchargements',
    size: 'Téléchargement {kB} ko',
    'size engine': 'Téléchargement {kB} ko, et {engine} ko pour calculer',
    chapter: 'Chapitre : {chapter}',
    'conv title': 'Arithmétique de la convolution',
    'conv says':
      'Suivez une convolution nombre par nombre : fenêtre, im2col et produit de matrices, les deux gradients, transposée.',
    'conv chapter': 'réseaux convolutifs',
    'bench title': 'Laboratoire des noyaux',
    'bench says':
      'Mesurez chaque noyau sur cette machine, à l’aller et au retour, contrôlé avant d’être chronométré ; comparez des mesures, ou chronométrez votre propre noyau.',
    'bench chapter': 'performance',
    'train_once title': 'Entraîner dans cette page',
    'train_once says':
      'Un clic entraîne un petit réseau convolutif sur des caractères dessinés et affiche chaque époque.',
    'train_once chapter': 'l’entraînement en pratique',
  },
);
