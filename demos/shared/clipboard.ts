// Copying text, with the text shown for copying by hand where there is no clipboard (outside https, in some frames).
import type { Context } from './context.ts';
import { html } from './dom.ts';

/** For a report of an error: what was said of it, the device, the browser, and the page's link. */
export async function copyReport(context: Context, said: readonly string[]): Promise<void> {
  const { kind, name } = context.device;
  const lines = [...said, `device ${kind} ${name}`, navigator.userAgent, await context.address()];
  await copyText(context, lines.join('\n'));
}

/** `done` is what is said of it: "Copied." unless told. */
export async function copyText(context: Context, text: string, done?: () => string): Promise<void> {
  const { shell: t } = context;
  const name = 'copied';
  try {
    await navigator.clipboard.writeText(text);
    const title = done ?? (() => t('copied'));
    context.notice({ name, tone: 'information', title });
    context.announce(title());
    setTimeout(() => context.dismiss(name), 6000);
  } catch {
    context.notice({
      name,
      tone: 'information',
      title: () => context.shell('copy by hand'),
      body: () =>
        html(
          'p',
          {},
          html('textarea', { readonly: true, rows: 3, value: text, 'aria-label': context.shell('copy by hand') }),
        ),
    });
  }
}
