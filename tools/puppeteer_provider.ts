// Runs Vitest's browser tests in one headless Chrome through Puppeteer, and ends it when its page stops answering.
import { defineBrowserProvider } from '@vitest/browser';
import type { Browser, CDPSession, Page } from 'puppeteer';
import type { BrowserProvider, BrowserProviderOption, TestProject } from 'vitest/node';

import { launchBrowser } from './launch.mjs';

interface Options {
  /** How long the page may leave a question unanswered before Chrome is killed. */
  silenceSeconds?: number;
}

export function puppeteer(options: Options = {}): BrowserProviderOption {
  return defineBrowserProvider({
    name: 'puppeteer',
    supportedBrowser: ['chrome'],
    options,
    providerFactory: (project) => new PuppeteerProvider(project, options.silenceSeconds ?? 120),
  });
}

class PuppeteerProvider implements BrowserProvider {
  readonly name = 'puppeteer';
  // One page and one GPU device for all files: a software adapter gains nothing from more.
  readonly supportsParallelism = false;
  private browser: Promise<Browser> | null = null;
  private readonly pages = new Map<string, Page>();
  private timer: NodeJS.Timeout | null = null;
  private closing = false;

  constructor(
    private readonly project: TestProject,
    private readonly silenceSeconds: number,
  ) {}

  async openPage(sessionId: string, url: string): Promise<void> {
    this.browser ??= this.launch();
    const browser = await this.browser;
    const page = await browser.newPage();
    this.pages.set(sessionId, page);
    page.on('error', (error) => this.fail(browser, `the page crashed: ${error.message}`));
    this.watch(browser, page);
    await page.goto(url, { timeout: 0 });
  }

  getCommandsContext(sessionId: string): Record<string, unknown> {
    return { page: this.pages.get(sessionId) };
  }

  async getCDPSession(sessionId: string): Promise<Pick<CDPSession, 'send' | 'on' | 'off' | 'once'>> {
    const page = this.pages.get(sessionId);
    if (!page) throw new Error('this test session has no page');
    return page.createCDPSession();
  }

  async close(): Promise<void> {
    this.closing = true;
    if (this.timer) clearInterval(this.timer);
    const browser = await this.browser?.catch(() => null);
    await browser?.close().catch(() => browser.process()?.kill('SIGKILL'));
  }

  private async launch(): Promise<Browser> {
    const browser = await launchBrowser();
    browser.on('disconnected', () => this.fail(browser, 'Chrome ended during the tests'));
    return browser;
  }

  /** Vitest waits for ever on a busy main thread; the page is asked each second instead. */
  private watch(browser: Browser, page: Page): void {
    let answered = Date.now();
    let asking = false;
    this.timer = setInterval(() => {
      if (Date.now() - answered > this.silenceSeconds * 1000) {
        this.fail(
          browser,
          `the test page did not answer for ${this.silenceSeconds} s (endless loop?), so Chrome was ended`,
        );
        return;
      }
      if (asking) return;
      asking = true;
      page
        .evaluate(() => 1)
        // A page that navigates rejects the question, which is an answer too; a killed one is reported by `fail`.
        .catch(() => 0)
        .finally(() => {
          asking = false;
          answered = Date.now();
        });
    }, 1000);
    this.timer.unref();
  }

  private fail(browser: Browser, reason: string): void {
    if (this.closing) return;
    this.closing = true;
    if (this.timer) clearInterval(this.timer);
    console.error(`\n${reason}\n`);
    this.project.vitest.state.catchError(new Error(reason), 'Browser Error');
    browser.process()?.kill('SIGKILL');
  }
}
