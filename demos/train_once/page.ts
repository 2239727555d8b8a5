// Trains the small CNN on synthetic glyphs and prints what the terminal would print.
import type { Context } from '../shared/context.ts';
import { html, type Child } from '../shared/dom.ts';
import { openPage } from '../shared/page.ts';
import { scrollBox } from '../shared/scroll_box.ts';
import type { DeviceStatus } from '../shared/device.ts';
import { words } from './words.ts';

type Own = Context<unknown, keyof typeof words.en>;

let log = '';
let status: 'idle' | 'training' | 'done' = 'idle';

async function run(context: Own): Promise<void> {
  log = '';
  status = 'training';
  context.refresh();
  try {
    const { train, epochs } = await import('./train.ts');
    const print = (line: string): void => {
      log += `${line}\n`;
      context.refresh();
    };
    await train(prefer(context.device), print, (epoch, value) => {
      const accuracy = context.t.number(value, { style: 'percent' });
      context.announce(context.t('heard', { epoch, epochs, accuracy }));
    });
    status = 'done';
  } catch (error) {
    status = 'idle';
    throw error;
  } finally {
    context.refresh();
  }
}

/** What the badge says is what is used. */
const prefer = ({ kind }: DeviceStatus): readonly ('webgpu' | 'cpu')[] =>
  kind === 'cpu' ? ['cpu'] : ['webgpu', 'cpu'];

function view(_: unknown, context: Own): Child {
  const { t } = context;
  return [
    html('p', {}, t('lead')),
    html(
      'p',
      { class: 'option' },
      html(
        'button',
        {
          type: 'button',
          id: 'train',
          class: 'primary',
          'aria-disabled': status === 'training',
          on: { click: () => void (status === 'training' || run(context)) },
        },
        t('train'),
      ),
      html('span', { id: 'status', role: 'status' }, status === 'idle' ? '' : t(status)),
    ),
    log ? scrollBox(t('log'), html('pre', { id: 'log', lang: 'en' }, log), 'log-box') : null,
  ];
}

void openPage({ id: 'train_once', fields: {}, words, title: 'title', device: 'wanted', view });
