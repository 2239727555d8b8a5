// Opens a page: reads its link, frames its view, and shows both again whenever the state changes.
import './theme.css';
import './frame.css';
import './controls.css';
import './code_panel.css';
import './matrix.css';
import './sheet.css';
import './stepper.css';
import './print.css';
import { copyText } from './clipboard.ts';
import type { Context } from './context.ts';
import { asking, findDevice, noAdapter, type DeviceStatus } from './device.ts';
import { html, place, type Child } from './dom.ts';
import { dialogs, header, openDialog, type HeaderChoices } from './header.ts';
import { fullScreen, presenterKeys } from './keys.ts';
import { chooseLanguage, joined, saveLanguage, tags, translator, type Dictionary } from './language.ts';
import { link, type History } from './link.ts';
import { liveRegion } from './live.ts';
import { longPress } from './long_press.ts';
import { isOnPaper, onPaper, writeAddresses } from './on_paper.ts';
import { noticeList, type Notice } from './notices.ts';
import { linkNotice } from './link_notice.ts';
import { errorWords, type ErrorKey } from './error_words.ts';
import { errorNotice, errors, isErrorCode, type Acts, type ErrorCode } from './errors.ts';
import { failureOf, type Situation } from './failures.ts';
import type { Page } from './page_definition.ts';
import { onNarrow } from './sheet.ts';
import { shellFields, type ShellState } from './shell_fields.ts';
import { checkKeys, defaults, type Fields, type Problem, type StateOf } from './state.ts';
import { createStepper, type StepState } from './stepper.ts';
import { applyTheme, chooseTheme, isStill, onSystemChange, resolveTheme, saveTheme } from './theme.ts';
import { waitFor } from './waiting.ts';
import { inTurns } from './turns.ts';
import { words as shellWords } from './words.ts';

export async function openPage<F extends Fields, Key extends string>(page: Page<F, Key>): Promise<void> {
  checkKeys(page.fields, Object.keys(shellFields));
  if (page.steps && !('step' in page.fields)) throw new Error('a page with `steps` has `stepFields` among its fields');
  const root = document.getElementById('page');
  if (!root) throw new Error('a page has an element with the id "page"');
  const fields: Fields = { ...page.fields, ...shellFields };
  const notices = new Map<string, Notice>();
  const live = liveRegion();
  let device: DeviceStatus = asking;
  let asked = '';
  /** Ends the wait for the device that was asked for last. */
  let leave = (): void => undefined;
  let forced = '';
  let scheduled = false;

  const address = await link(fields, ({ state: linked, problems }) => {
    take(linked);
    listProblems(problems);
    show();
  });

  let state: Record<string, unknown>;
  let t = translator(page.words, 'en');
  let shell = translator(shellWords, 'en');
  const stateWords = page.errorWords ? joined(errorWords, page.errorWords) : errorWords;
  let states = translator(stateWords as Dictionary<ErrorKey>, 'en');
  const own = (): StateOf<F> => state as StateOf<F>;
  const common = (): ShellState => state as ShellState;

  const context: Context<StateOf<F>, Key> = {
    get t() {
      return t;
    },
    get shell() {
      return shell;
    },
    get errors() {
      return states;
    },
    get language() {
      return t.language;
    },
    get theme() {
      return resolveTheme(chooseTheme(common().theme));
    },
    get embed() {
      return common().embed;
    },
    get device() {
      return device;
    },
    stepper: page.steps
      ? createStepper(
          () => state as StepState,
          () => page.steps!(own()),
          (part, history) => change(part, history),
        )
      : null,
    set: (part, history) => change(typeof part === 'function' ? part(own()) : part, history),
    refresh: () => show(),
    announce: (message) => live.announce(message),
    notice(notice) {
      notices.set(notice.name, notice);
      show();
    },
    dismiss(name) {
      notices.delete(name);
      show();
    },
    report(code, told, acts, wording) {
      context.notice(errorNotice(context, code, told, acts, wording));
    },
    fail(error, situation, acts) {
      note(error, situation, acts);
      show();
    },
    wait: (promise, wait) => waitFor(context, promise, wait),
    address: () => address.address(),
  };

  function take(next: Record<string, unknown>): void {
    state = page.settle ? { ...next, ...page.settle(next as StateOf<F>) } : next;
    const language = chooseLanguage(common().lang);
    if (t.language !== language) {
      t = translator(page.words, language);
      shell = translator(shellWords, language);
      states = translator(stateWords as Dictionary<ErrorKey>, language);
    }
  }

  function change(part: object, history: History = 'replace'): void {
    take({ ...state, ...part });
    address.set(state as StateOf<Fields>, history);
    show();
  }

  const isTold = (code: ErrorCode): boolean => `${code}.what` in stateWords.en;

  function listProblems(problems: readonly Problem[]): void {
    if (problems.length > 0)
      notices.set(
        'link',
        linkNotice(() => shell, problems),
      );
    else notices.delete('link');
  }

  /** Many changes within a frame are one view. */
  function show(): void {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      draw();
    });
  }

  function dress(): void {
    applyTheme(context.theme);
    // Written again unchanged, it would have Chrome style the whole page anew: 20 ms where a table has hundreds of rows.
    if (document.documentElement.lang !== tags[t.language]) document.documentElement.lang = tags[t.language];
    document.documentElement.toggleAttribute('data-embed', context.embed);
    document.title = page.id === 'index' ? t(page.title) : `${t(page.title)} – Retrograd`;
  }

  function draw(): void {
    dress();
    void askDevice();
    try {
      frame(page.view(own(), context));
      context.stepper?.follow();
    } catch (error) {
      note(error);
      frame(keptView());
    }
  }

  /** After a failure the last view that could be made stays as it is. */
  const keptView = (): Child => [...(root.querySelector('#content')?.childNodes ?? [])];

  /** Without a view the page has no content yet. */
  function frame(view?: Child): void {
    const choices = headerChoices();
    const main = html(
      'main',
      { id: 'main', tabindex: -1, key: 'main' },
      noticeList(shell, [...notices.values()], context.dismiss),
      view === undefined ? null : html('div', { id: 'content', key: 'content' }, view),
    );
    const parts = [
      html('a', { class: 'skip', href: '#main', key: 'skip', on: { click: skip } }, shell('skip to content')),
      header(context, choices),
      main,
      html(
        'footer',
        { class: 'page-footer', key: 'footer', 'data-part': 'footer' },
        html('p', {}, shell('footer local')),
      ),
      html('p', { class: 'own-address', 'data-print': '', key: 'address', own: true }),
      dialogs(context, choices),
      live.element,
    ];
    const fresh = html('div', {}, parts);
    const hidden = new Set(common().hide.split(','));
    for (const part of fresh.querySelectorAll('[data-part]'))
      if (hidden.has(part.getAttribute('data-part')!)) part.setAttribute('hidden', '');
    place(root!, [...fresh.childNodes]);
    if (isOnPaper()) writeAddresses();
  }

  const headerChoices = (): HeaderChoices => ({
    title: t(page.title),
    home: page.id === 'index' ? '' : '../',
    source: `${page.id === 'index' ? '' : '../'}source/#v=1&page=${page.id}`,
    theme: chooseTheme(common().theme),
    device: common().device,
    setLanguage(language) {
      saveLanguage(language);
      change({ lang: language });
    },
    setTheme(theme) {
      saveTheme(theme);
      change({ theme });
    },
    setDevice: (wanted) => change({ device: wanted }, 'push'),
    copyLink: () => void copyLink(),
    open: openDialog,
  });

  // The address holds the state, so the skip link must not leave its own mark there.
  function skip(event: Event): void {
    event.preventDefault();
    document.getElementById('main')?.focus();
  }

  async function copyLink(): Promise<void> {
    await copyText(context, await address.address(), () => shell('link copied'));
  }

  async function askDevice(): Promise<void> {
    const { device: wanted, force } = common();
    if (asked === `${wanted} ${force}`) return;
    const question = (asked = `${wanted} ${force}`);
    leave();
    const left = new Promise<null>((done) => (leave = () => done(null)));
    // A page that does as well without a GPU says by its badge alone that it looks for one.
    const wait = { what: () => states('a GPU'), said: page.device !== 'wanted' };
    const found = (await context.wait(Promise.race([findDevice(wanted, force), left]), wait)) ?? noAdapter;
    if (asked !== question) return;
    device = found;
    // What befell the page meanwhile stays.
    for (const name of ['E1', 'E2', 'E3', forced]) notices.delete(name);
    forced = force;
    // A software GPU is said by the badge and its dialog alone.
    if (found.code && found.code !== 'E4' && (page.device === 'wanted' || force === found.code))
      context.report(found.code);
    else if (isErrorCode(force) && isTold(force) && force !== 'E4') context.report(force, errors[force].example);
    show();
  }

  function note(error: unknown, situation: Situation = {}, acts: Acts = {}): void {
    const failure = failureOf(error, situation);
    // What such a page cannot come into is a defect of it.
    const { code, values, ...wording } = isTold(failure.code) ? failure : failureOf(String(error));
    const restart = (): void => {
      notices.delete(code);
      change({ ...defaults(page.fields) }, 'push');
    };
    const own: Acts = code === 'E18' && !wording.what ? { restart } : {};
    if (code === 'E18') console.error(error);
    notices.set(code, errorNotice(context, code, values, { ...own, ...acts }, wording));
  }

  window.addEventListener('error', (event) => context.fail(event.error ?? event.message));
  window.addEventListener('unhandledrejection', (event) => context.fail(event.reason));
  const { stepper } = context;
  document.addEventListener(
    'keydown',
    presenterKeys({ stepper, help: () => openDialog('shortcuts-dialog'), fullScreen }),
  );
  onSystemChange(show);
  onPaper(writeAddresses);
  onNarrow(show);
  longPress(() => shell);

  take(address.current.state);
  // Nothing moves by itself where movement is unwanted, whatever the link says.
  if (page.steps && isStill()) take({ ...state!, play: false });
  listProblems(address.current.problems);
  // The frame first: no press of the reader's waits for all of the view.
  scheduled = true;
  dress();
  frame();
  await inTurns([() => null, ...(page.parts?.(own(), context) ?? [])]);
  scheduled = false;
  draw();
  page.opened?.(context);
}
