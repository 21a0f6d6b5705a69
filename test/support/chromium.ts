/** Chromium without a window, driven by playwright-core. */
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

const executablePath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))).find((file) => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // not here: the next place
    return false;
  }
});

/** The reason to skip a test that needs it, or false. */
export const chromiumIsMissing = executablePath === undefined ? 'chromium is not on PATH' : false;

/** A page, and everything that it complained about or asked the network for. */
export interface Visit {
  readonly page: Page;
  readonly complaints: readonly string[];
  readonly close: () => Promise<void>;
}

/** Starts it; each visit is a browser window of its own. */
export async function startChromium(): Promise<{ readonly visit: (url: string, options?: BrowserContextOptions) => Promise<Visit>; readonly close: () => Promise<void> }> {
  const home = mkdtempSync(join(tmpdir(), 'o365audit-chromium-'));
  const browser: Browser = await chromium.launch({ executablePath: executablePath ?? '', args: FLAGS, env: { ...process.env, HOME: home } });
  return {
    async visit(url, options = {}) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => void complaints.push(`console: ${message.text()}`));
      page.on('pageerror', (error) => void complaints.push(`error: ${error.message}`));
      page.on('dialog', (dialog) => {
        complaints.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on('request', (request) => {
        if (request.url() !== url) complaints.push(`request: ${request.url()}`);
      });
      await page.goto(url);
      return { page, complaints, close: () => context.close() };
    },
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
