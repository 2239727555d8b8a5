// The head of every page: its name, language, theme, device, link, shortcuts and source; and the dialogs they open.
import { button, iconButton, select } from './buttons.ts';
import type { Context } from './context.ts';
import type { DeviceChoice } from './device.ts';
import { html, type Child } from './dom.ts';
import { icon } from './icons.ts';
import { languages, type Language } from './language.ts';
import { themes, type ThemeChoice } from './theme.ts';
import type { ShellKey } from './words.ts';

export interface HeaderChoices {
  readonly title: string;
  /** From this page to the index, '' on the index itself. */
  readonly home: string;
  readonly source: string;
  readonly theme: ThemeChoice;
  readonly device: DeviceChoice;
  setLanguage(language: Language): void;
  setTheme(theme: ThemeChoice): void;
  setDevice(device: DeviceChoice): void;
  copyLink(): void;
  /** Opens a dialog of this page by its id. */
  open(id: string): void;
}

const names: Record<Language, string> = { en: 'EN', fr: 'FR', xx: 'XX' };
const longNames: Record<Language, string> = { en: 'English', fr: 'Français', xx: 'Pseudo' };

/** Whether the settings are shown where they have no room of their own. */
let settings = false;

export function header(context: Context, choices: HeaderChoices): HTMLElement {
  const { shell: t, language } = context;
  const shown = languages.filter((one) => one !== 'xx' || language === 'xx');
  const toggle = (): void => {
    settings = !settings;
    context.refresh();
  };
  return html(
    'header',
    { class: 'page-header', key: 'header', 'data-part': 'header' },
    html(
      'div',
      { class: 'names' },
      choices.home
        ? html(
            'a',
            { class: 'home', href: choices.home },
            'Retrograd',
            html('span', { class: 'unseen' }, `, ${t('all pages')}`),
          )
        : null,
      html('h1', {}, choices.title),
    ),
    iconButton(icon('more'), t('page settings'), toggle, {
      class: 'icon more',
      'aria-expanded': settings,
      'aria-controls': 'settings',
    }),
    html(
      'div',
      {
        class: settings ? 'settings' : 'settings folded',
        id: 'settings',
        role: 'group',
        'aria-label': t('page settings'),
      },
      html(
        'div',
        { class: 'segments', role: 'group', 'aria-label': t('language') },
        shown.map((one) =>
          button(
            [names[one], html('span', { class: 'unseen' }, `, ${longNames[one]}`)],
            () => choices.setLanguage(one),
            { lang: one === 'xx' ? null : one, title: longNames[one], 'aria-pressed': one === language },
          ),
        ),
      ),
      select(
        { value: choices.theme, of: themes, name: (value) => t(`theme ${value}`), set: choices.setTheme },
        { 'aria-label': t('theme'), title: t('theme') },
      ),
      button(
        [icon('chip'), html('span', { class: 'unseen' }, `${t('device')} `), html('span', {}, deviceName(context))],
        () => choices.open('device-dialog'),
        { class: `device ${context.device.kind}`, title: t('device') },
      ),
      iconButton(icon('link'), t('copy link'), choices.copyLink),
      iconButton('?', t('shortcuts'), () => choices.open('shortcuts-dialog')),
      html('a', { class: 'icon', href: choices.source, 'aria-label': t('source'), title: t('source') }, '</>'),
    ),
  );
}

export function deviceName({ shell: t, device }: Context): string {
  if (device.kind === 'gpu') return device.name ? t('device gpu', { name: device.name }) : t('device gpu unnamed');
  return t(`device ${device.kind}`);
}

export function dialogs(context: Context, choices: HeaderChoices): Child {
  const { shell: t, errors, stepper, device } = context;
  const { code } = device;
  const keys: (readonly [keys: readonly string[], ShellKey])[] = [
    ...(stepper
      ? ([
          [['→', t('key page down'), t('key space')], 'key next'],
          [['←', t('key page up')], 'key previous'],
          [[t('key home'), t('key end')], 'key first last'],
          [['P'], 'key play'],
          [['+', '−'], 'key speed'],
        ] as const)
      : []),
    [['F'], 'key full screen'],
    [['?'], 'key help'],
  ];
  return [
    dialog(
      context,
      'shortcuts-dialog',
      t('shortcuts'),
      html(
        'table',
        { class: 'keys' },
        html(
          'tbody',
          {},
          keys.map(([names, meaning]) =>
            html(
              'tr',
              {},
              html(
                'td',
                {},
                names.map((name) => html('kbd', {}, name)),
              ),
              html('th', { scope: 'row' }, t(meaning)),
            ),
          ),
        ),
      ),
      stepper ? html('p', {}, t('key note')) : null,
    ),
    dialog(
      context,
      'device-dialog',
      t('device'),
      html('p', {}, html('strong', {}, deviceName(context))),
      code ? html('p', { 'data-code': code }, `${errors(`${code}.what`)} ${errors(`${code}.next`)}`) : null,
      html(
        'fieldset',
        {},
        html('legend', {}, t('device choice')),
        (['auto', 'gpu', 'cpu'] as const).map((value) =>
          html(
            'label',
            { class: 'option' },
            html('input', {
              type: 'radio',
              name: 'device',
              value,
              checked: value === choices.device,
              on: { change: () => choices.setDevice(value) },
            }),
            t(`device choice ${value}`),
          ),
        ),
      ),
      html('p', {}, t('device choice note')),
    ),
  ];
}

/** A dialog of the page, closed by Escape, its button or a click beside it. Opened by its id. */
export function dialog({ shell: t }: Context, id: string, title: string, ...children: Child[]): HTMLElement {
  return html(
    'dialog',
    {
      id,
      key: id,
      'aria-labelledby': `${id}-title`,
      on: {
        click: (event) => {
          const { currentTarget, target } = event;
          if (target === currentTarget) (currentTarget as HTMLDialogElement).close();
        },
      },
    },
    html(
      'div',
      { class: 'sheet' },
      html('h2', { id: `${id}-title` }, title),
      ...children,
      html('form', { method: 'dialog' }, html('button', {}, t('close'))),
    ),
  );
}

export function openDialog(id: string): void {
  const element = document.getElementById(id);
  if (!(element instanceof HTMLDialogElement)) throw new Error(`there is no dialog '${id}'`);
  if (!element.open) element.showModal();
}
