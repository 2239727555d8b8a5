// Trains the small CNN on drawn characters in a worker, and says what the terminal would say, in the page's language.
import './train_once.css';
import { fileControl, numberControl, switchControl } from '../shared/controls.ts';
import { html, type Child } from '../shared/dom.ts';
import { openPage } from '../shared/page.ts';
import { trainingErrorWords } from './error_words.ts';
import { bytesOf, weights } from './estimate.ts';
import { logView } from './log.ts';
import {
  download,
  goOn,
  isBusy,
  openFile,
  pause,
  pauseWhileHidden,
  resume,
  run,
  start,
  stop,
  type Own,
} from './run.ts';
import { fields, type TrainState } from './state.ts';
import { storedBefore } from './stored.ts';
import { words } from './words.ts';

function view(state: TrainState, context: Own): Child {
  const { t } = context;
  return [
    html('p', {}, t('lead')),
    controls(state, context),
    html('p', { id: 'memory', class: 'hint' }, memory(state, context)),
    buttons(state, context),
    html(
      'p',
      {},
      html('span', { id: 'status' }, run.status === 'idle' ? '' : t(run.status)),
      ' ',
      html('span', { id: 'progress' }, place(state, context)),
      left(context) === '' ? ' ' : ' · ',
      html('span', { id: 'left' }, left(context)),
    ),
    logView(context, run.log),
  ];
}

function controls(state: TrainState, context: Own): Child {
  const { t, set } = context;
  const number = (label: string, key: 'images' | 'rate' | 'batch' | 'epochs' | 'seed', step: number): HTMLElement => {
    const { min, max } = fields[key];
    const change = (value: number): void => set({ [key]: value });
    return numberControl(context, { label, value: state[key], min, max, step, slider: false, set: change });
  };
  return html(
    'fieldset',
    { class: 'control-group settings-of-run', 'data-part': 'controls', disabled: isBusy() },
    html('legend', {}, t('settings')),
    number(t('images'), 'images', 1),
    number(t('rate'), 'rate', 0),
    number(t('batch'), 'batch', 1),
    number(t('epochs'), 'epochs', 1),
    number(t('seed'), 'seed', 1),
    switchControl({ label: t('clip'), value: state.clip, set: (clip) => set({ clip }) }),
  );
}

function memory(state: TrainState, { t }: Own): string {
  const mebibytes = t.number(bytesOf(state) / 2 ** 20, { maximumSignificantDigits: 2 });
  return t('memory', { mebibytes, model: 'cnn-s', weights, images: state.images, batch: state.batch });
}

function buttons(state: TrainState, context: Own): Child {
  const { t } = context;
  const button = (id: string, label: string, act: () => unknown, more: object = {}): HTMLElement =>
    html('button', { type: 'button', id, key: id, on: { click: () => void act() }, ...more }, label);
  if (isBusy()) {
    const paused = run.status === 'paused';
    const waits = run.status !== 'training' && !paused;
    return html(
      'p',
      { class: 'run-buttons', key: 'running' },
      button('pause', t(paused ? 'resume' : 'pause'), () => (paused ? resume(context) : pause(context)), {
        'aria-disabled': waits,
      }),
      button('stop', t('stop'), () => stop(context), { 'aria-disabled': run.status === 'stopping' }),
    );
  }
  const epoch = run.kept?.epoch ?? storedBefore();
  return html(
    'p',
    { class: 'run-buttons', key: 'resting' },
    button('train', t('train'), () => start(context, state, null), { class: 'primary' }),
    epoch !== null && epoch < state.epochs ? button('go-on', t('go on', { epoch }), () => goOn(context, state)) : null,
    run.kept ? button('download', t('download'), download) : null,
    fileControl({ id: 'open', label: t('open'), accept: '.safetensors', take: (file) => void openFile(context, file) }),
  );
}

function place({ epochs }: TrainState, { t }: Own): string {
  if (!run.shown || !isBusy()) return '';
  const { epoch, batch, steps, loss } = run.shown;
  const shown = t.number(loss, { maximumSignificantDigits: 4 });
  return t('place', { epoch: epoch + 1, epochs, batch: batch + 1, steps, loss: shown });
}

function left({ t }: Own): string {
  const milliseconds = isBusy() ? (run.shown?.left ?? null) : null;
  if (milliseconds === null) return '';
  const seconds = Math.ceil(milliseconds / 1000);
  const [value, unit] = seconds < 100 ? [seconds, 'second'] : [Math.ceil(seconds / 60), 'minute'];
  return t('left', { time: t.number(value, { style: 'unit', unit, unitDisplay: 'long' }) });
}

void openPage({
  id: 'train_once',
  fields,
  words,
  errorWords: trainingErrorWords,
  title: 'title',
  device: 'wanted',
  view,
  opened: pauseWhileHidden,
});
