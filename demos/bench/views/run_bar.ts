// Run and Stop, how far it is, and what came of it.

import { html, type Child } from '../../shared/dom.ts';
import { icon } from '../../shared/icons.ts';
import { ranked, type BenchResult } from '../core/result.ts';
import { clockTime } from '../format.ts';
import { isRunning, progress } from '../lab.ts';
import { isDisturbed, isWrong } from '../rows.ts';
import type { LabContext } from '../words.ts';

export interface RunActs {
  run(): void;
  stop(): void;
  /** Measures disturbed rows again. */
  again(): void;
}

export function runBar(context: LabContext, acts: RunActs, canRun: boolean): HTMLElement {
  const { t } = context;
  const running = isRunning();
  return html(
    'section',
    { class: 'run-bar', key: 'run-bar', 'aria-label': t('run'), 'data-part': 'run' },
    html(
      'p',
      { class: 'buttons' },
      html(
        'button',
        {
          type: 'button',
          id: 'run',
          class: 'primary',
          'aria-disabled': running || !canRun,
          on: { click: () => (running || !canRun ? undefined : acts.run()) },
        },
        icon('play'),
        t('run'),
      ),
      html(
        'button',
        {
          type: 'button',
          id: 'stop',
          'aria-disabled': !running,
          on: { click: () => (running ? acts.stop() : undefined) },
        },
        t('stop'),
      ),
      progressView(context),
    ),
    canRun ? null : html('p', { class: 'hint' }, t('nothing chosen')),
  );
}

function progressView({ t }: LabContext): Child {
  const now = progress();
  if (!now) return html('span', { class: 'hint', id: 'status' }, t('never by itself'));
  const { phase, done, total } = now;
  const time = now.took ?? performance.now() - now.began;
  const counted = total > 0 ? t('progress', { done: Math.min(done, total), total }) : t('preparing');
  return [
    html('progress', {
      max: Math.max(total, 1),
      value: phase === 'done' ? Math.max(total, 1) : Math.min(done, total),
      'aria-label': t('progress name'),
    }),
    html(
      'span',
      { id: 'status', 'data-phase': phase, 'data-began': now.began },
      phase === 'running' ? counted : t(`phase ${phase}`),
    ),
    html('span', { id: 'elapsed', class: 'digits' }, clockTime(time)),
  ];
}

let timer: ReturnType<typeof setInterval> | undefined;

/** The elapsed time goes on by itself, without the page being made anew. */
export function keepTime(): void {
  clearInterval(timer);
  timer = setInterval(() => {
    const now = progress();
    const element = document.getElementById('elapsed');
    if (now?.phase !== 'running') clearInterval(timer);
    else if (element) element.textContent = clockTime(performance.now() - now.began);
  }, 1000);
}

/** How many rows there are of each kind; the wrong ones by name. */
export function summaryView({ t }: LabContext, result: BenchResult, acts: RunActs | null): Child {
  const { rows } = result;
  const wrong = rows.filter(isWrong);
  const disturbed = rows.filter(isDisturbed);
  const skipped = rows.filter(({ summary, skipped: why }) => summary === null && why !== '').length;
  return html(
    'div',
    { class: 'summary', key: 'summary' },
    html(
      'p',
      { id: 'summary' },
      [
        t('rows', { n: rows.length }),
        t('rows ranked', { n: ranked(rows).length }),
        ...(wrong.length > 0 ? [t('rows wrong', { n: wrong.length })] : []),
        ...(skipped > 0 ? [t('rows skipped', { n: skipped })] : []),
      ].join(' · '),
    ),
    wrong.length === 0
      ? null
      : html(
          'ul',
          { class: 'wrong-rows' },
          wrong.map(({ subject, shape, variant, check }) =>
            html('li', {}, `✗ ${subject} ${shape}, ${variant}: ${check.message.split('\n')[0]}`),
          ),
        ),
    disturbed.length === 0
      ? null
      : html(
          'p',
          { class: 'disturbed' },
          t('disturbed rows', { n: disturbed.length }),
          ' ',
          acts === null || isRunning()
            ? null
            : html('button', { type: 'button', id: 'again', on: { click: acts.again } }, t('measure again')),
        ),
  );
}
