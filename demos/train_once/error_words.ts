// The words of what befalls pages that train, and no others.

import { dictionary } from '../shared/language.ts';

export const trainingErrorWords = dictionary(
  {
    'E7.resumed': 'Resumed from epoch {epoch}. If it happens again, reload or go on with the CPU.',
    'E7.first': 'Training began again. If it happens again, reload or go on with the CPU.',
    'E7.kept':
      'It has been lost several times within half a minute. Epoch {epoch} is kept: go on from it, reload, or use the CPU.',
    'E8.batch': 'Not enough GPU memory for a batch of {batch}.',
    'E8.half': 'Try again with half the batch, or go on with the CPU.',
    'E10.what': 'Step {step}: the loss is no longer a number (last finite {last}).',
    'E10.first': 'Step {step}: the loss is no longer a number, and never was one.',
    'E10.next':
      'The run is paused. Restore the last checkpoint with a tenth of the learning rate, or clip the gradients.',
    'E15.what': 'Paused while this tab was hidden.',
    'E15.next': 'Resume when you are ready; nothing was lost.',
    'E16.what': 'The saved model does not fit this one.',
    'E16.next': 'Nothing was overwritten. Choose another file, or rebuild the model as it was saved.',
    'offer smaller': 'Smaller batch',
    'offer half batch': 'Half the batch',
    'offer restore': 'Restore, rate ÷ 10',
    'offer clip': 'Clip gradients at 1',
    'offer resume': 'Resume',
  },
  {
    'E7.resumed': 'Reprise à l’époque {epoch}. Si cela se répète, rechargez la page ou continuez avec le CPU.',
    'E7.first': 'L’entraînement a recommencé. Si cela se répète, rechargez la page ou continuez avec le CPU.',
    'E7.kept':
      'Il a été perdu plusieurs fois en une demi-minute. L’époque {epoch} est conservée : continuez à partir d’elle, rechargez la page, ou utilisez le CPU.',
    'E8.batch': 'Mémoire GPU insuffisante pour un lot de {batch}.',
    'E8.half': 'Réessayez avec un lot deux fois plus petit, ou continuez avec le CPU.',
    'E10.what': 'Pas {step} : la perte n’est plus un nombre (dernière valeur finie {last}).',
    'E10.first': 'Pas {step} : la perte n’est plus un nombre, et ne l’a jamais été.',
    'E10.next':
      'L’entraînement est en pause. Restaurez le dernier point de reprise avec un taux d’apprentissage divisé par dix, ou bornez les gradients.',
    'E15.what': 'En pause tant que cet onglet était masqué.',
    'E15.next': 'Reprenez quand vous voulez ; rien n’est perdu.',
    'E16.what': 'Le modèle enregistré ne correspond pas à celui-ci.',
    'E16.next':
      'Rien n’a été écrasé. Choisissez un autre fichier, ou reconstruisez le modèle tel qu’il fut enregistré.',
    'offer smaller': 'Lot plus petit',
    'offer half batch': 'Moitié du lot',
    'offer restore': 'Restaurer, taux ÷ 10',
    'offer clip': 'Borner les gradients à 1',
    'offer resume': 'Reprendre',
  },
);
