/** The page in a real browser: what it shows is what the documents hold, counted here in another way. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import { demo } from '../../../plugin/commands/demo.ts';
import { createAggregation } from '../../../plugin/report/aggregation.ts';
import { pageOf } from '../../../plugin/report/page.ts';
import type { Picture } from '../../../plugin/report/picture.ts';
import { chromiumIsMissing, startChromium } from '../../support/chromium.ts';
import { PROGRAM_FOLDER, testSurroundings } from '../../support/surroundings.ts';

interface Document {
  readonly '@timestamp': string;
  readonly event: { readonly provider?: string; readonly action: string; readonly category: readonly string[]; readonly type: readonly string[]; readonly outcome: string; readonly kind: string };
  readonly user?: { readonly id?: string };
  readonly source?: { ip?: string; geo?: { country_name: string } };
}

const HOSTILE = ['</script><script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '\u2028alert(1)\u2029', '<!--<script>', '${alert(1)}', '&lt;b&gt;', '\'";</style>', '\u202Egnp.exe', 'a\u0000b', '$&$`$\''];

const folder = mkdtempSync(join(tmpdir(), 'o365audit-page-'));
after(() => rmSync(folder, { recursive: true }));
let chromium: Awaited<ReturnType<typeof startChromium>>;

async function pageFile(name: string, documents: readonly unknown[]): Promise<string> {
  const aggregation = createAggregation();
  for (const document of documents) aggregation.add(document);
  const file = join(folder, name);
  writeFileSync(file, await pageOf(aggregation.picture({ version: '0.0.0', madeAtMs: Date.UTC(2026, 8, 1), sources: [...HOSTILE, 'a test'] }), PROGRAM_FOLDER));
  return pathToFileURL(file).href;
}

/** Documents of the simulator; every third has a country. */
async function simulatedDocuments(): Promise<Document[]> {
  const surroundings = testSurroundings();
  await demo({ eventCount: 600, follow: false, demoReport: join(folder, 'demo.html'), logLevel: 'info', logFormat: 'text', outliveParent: false }, surroundings);
  const documents = surroundings.lines().map((line) => JSON.parse(line) as Document);
  documents.forEach(({ source }, index) => {
    if (index % 3 === 0 && source !== undefined) source.geo = { country_name: ['Norway', 'Sweden'][index % 2] ?? '' };
  });
  return documents;
}

/** How many there are of each, the most frequent first. */
function frequencies(names: readonly (string | undefined)[]): (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const name of names) if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([leftName, left], [rightName, right]) => right - left || (leftName < rightName ? -1 : 1));
}

const card = (page: Page, title: string): Locator => page.locator('.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
const cells = (table: Locator, label: string): Promise<string[]> => table.locator(`tbody td[data-label="${label}"]`).allTextContents();
const numbers = async (table: Locator, label: string): Promise<number[]> => (await cells(table, label)).map((text) => Number(text.replaceAll(',', '')));
const tile = (page: Page, name: string): Promise<string | null> => page.locator(`[data-tile="${name}"] dd`).first().textContent();

async function unfold(table: Locator): Promise<void> {
  const more = table.getByRole('button', { name: /^Show \d+ more$/ });
  while (await more.isVisible()) await more.click();
}

describe('the page of a report', { skip: chromiumIsMissing }, () => {
  let documents: Document[];
  let url: string;
  before(async () => {
    chromium = await startChromium();
    documents = await simulatedDocuments();
    url = await pageFile('report.html', documents);
  });
  after(async () => chromium.close());

  test('shows the numbers that the documents hold, without a request and without a complaint', async () => {
    const { page, complaints, close } = await chromium.visit(url, { viewport: { width: 1280, height: 900 } });
    const isSignIn = ({ event: { category, type } }: Document): boolean => category.includes('authentication') && type.includes('start') && !type.includes('end');
    const signIns = documents.filter(isSignIn);
    const alerts = documents.filter(({ event }) => event.kind === 'alert');
    assert.ok(signIns.length > 10 && alerts.length > 10);
    assert.deepEqual(await Promise.all(['events', 'users', 'sign-ins', 'addresses', 'alerts'].map((name) => tile(page, name))), [
      String(documents.length), String(frequencies(documents.map(({ user }) => user?.id)).length), String(signIns.length),
      String(frequencies(documents.map(({ source }) => source?.ip)).length), String(alerts.length),
    ]);
    for (const [title, label, names] of [
      ['Most active users', 'User', documents.map(({ user }) => user?.id)],
      ['Workloads', 'Workload', documents.map(({ event }) => event.provider ?? '(none)')],
      ['Addresses', 'Address', documents.map(({ source }) => source?.ip)],
      ['Countries', 'Country', documents.map(({ source }) => source?.geo?.country_name)],
    ] as const) {
      const table = card(page, title);
      await unfold(table);
      const shown = await cells(table, label);
      const events = await numbers(table, 'Events');
      assert.deepEqual(shown.map((name, index) => [name, events[index]]), frequencies(names), title);
    }
    const operations = card(page, 'Most frequent operations');
    await unfold(operations);
    assert.equal((await numbers(operations, 'Events')).reduce((sum, value) => sum + value, 0), documents.length);
    const outcomes = card(page, 'Sign-ins by user');
    await unfold(outcomes);
    assert.equal((await numbers(outcomes, 'Sign-ins')).reduce((sum, value) => sum + value, 0), signIns.filter(({ user }) => user?.id !== undefined).length);
    assert.equal((await numbers(outcomes, 'Failed')).reduce((sum, value) => sum + value, 0), signIns.filter(({ user, event }) => user?.id !== undefined && event.outcome === 'failure').length);
    const latest = card(page, 'Latest alerts');
    await unfold(latest);
    assert.equal((await cells(latest, 'Alert')).length, alerts.length);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('draws the timeline of the same numbers, which are also there as a table', async () => {
    const { page, complaints, close } = await chromium.visit(url);
    const chart = card(page, 'Events over time');
    await chart.getByText('The numbers as a table').click();
    await chart.locator('tbody td').first().waitFor();
    const values = await chart.locator('tbody td').allTextContents();
    assert.equal(values.reduce((sum, text) => sum + Number(text.replaceAll(',', '')), 0), documents.length);
    const drawn = (): Promise<string> => chart.locator('canvas').evaluate((canvas: { toDataURL(): string }) => canvas.toDataURL());
    const all = await drawn();
    assert.ok(all.length > 5000, all);
    const exchange = chart.getByRole('button', { name: /^Exchange / });
    assert.equal(await exchange.getAttribute('aria-pressed'), 'true');
    await exchange.focus();
    await page.keyboard.press('Enter');
    assert.equal(await exchange.getAttribute('aria-pressed'), 'false');
    assert.notEqual(await drawn(), all);
    await page.keyboard.press('Enter');
    assert.equal(await drawn(), all);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('sorts by any column, both ways, and filters by words', async () => {
    const { page, complaints, close } = await chromium.visit(url);
    const table = card(page, 'Most frequent operations');
    const head = table.getByRole('columnheader', { name: 'Operation' });
    await head.getByRole('button').press('Enter');
    assert.equal(await head.getAttribute('aria-sort'), 'ascending');
    await unfold(table);
    const names = await cells(table, 'Operation');
    assert.deepEqual(names, names.toSorted(new Intl.Collator('en', { numeric: true, sensitivity: 'base' }).compare));
    await table.getByRole('columnheader', { name: 'Users' }).getByRole('button').click();
    const users = await numbers(table, 'Users');
    assert.deepEqual(users, users.toSorted((left, right) => right - left));
    await table.getByRole('columnheader', { name: 'Users' }).getByRole('button').click();
    assert.equal(await table.getByRole('columnheader', { name: 'Users' }).getAttribute('aria-sort'), 'ascending');

    await table.getByRole('searchbox', { name: 'Filter operations' }).fill('user EXCHANGE');
    await unfold(table);
    const workloads = await cells(table, 'Workload');
    const found = await cells(table, 'Operation');
    const expected = new Set(documents.flatMap(({ event: { action, provider = '' } }) => /user/i.test(action + provider) && /exchange/i.test(action + provider) ? [`${action} ${provider}`] : []));
    assert.deepEqual(new Set(found.map((name, index) => `${name} ${workloads[index] ?? ''}`)), expected);
    await table.getByRole('searchbox').fill('no such operation');
    assert.equal((await cells(table, 'Operation')).length, 0);
    assert.match(await table.getByRole('status').textContent() ?? '', /^0 of 0 that match, of \d+ operations$/);
    assert.deepEqual(complaints, []);
    await close();
  });

  for (const width of [1280, 768, 390, 320]) {
    test(`needs no sideways scrolling at ${width} pixels`, async () => {
      const { page, complaints, close } = await chromium.visit(url, { viewport: { width, height: 800 } });
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  for (const width of [1280, 768, 390]) {
    test(`has room for hundreds of millions of events at ${width} pixels`, async () => {
      const aggregation = createAggregation();
      for (const document of documents) aggregation.add(document);
      const picture = JSON.parse(JSON.stringify(aggregation.picture({ version: '0.0.0', madeAtMs: 0, sources: ['a test'] }), (name, value: unknown) => (typeof value === 'number' && !name.endsWith('Ms') && name !== 'severity' ? value * 987_654 : value))) as Picture;
      const file = join(folder, 'large.html');
      writeFileSync(file, await pageOf(picture, PROGRAM_FOLDER));
      const { page, complaints, close } = await chromium.visit(pathToFileURL(file).href, { viewport: { width, height: 800 } });
      assert.equal(await tile(page, 'events'), '592,592,400');
      const widths = await page.locator('[data-tile] dd:first-of-type').evaluateAll((elements: readonly { readonly scrollWidth: number; readonly clientWidth: number; readonly clientHeight: number }[]) =>
        elements.map(({ scrollWidth, clientWidth, clientHeight }) => [scrollWidth <= clientWidth, clientHeight < 40]));
      assert.deepEqual(widths, widths.map(() => [true, true]));
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('is light or dark as the system is, and as its reader chooses', async () => {
    const { page, complaints, close } = await chromium.visit(url, { colorScheme: 'dark' });
    const background = (): Promise<unknown> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const dark = await background();
    await page.getByRole('radio', { name: 'Light' }).check({ force: true });
    const light = await background();
    assert.notEqual(light, dark);
    await page.reload();
    assert.equal(await background(), light);
    await page.getByRole('radio', { name: 'Auto' }).check({ force: true });
    assert.equal(await background(), dark);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.locator('html[data-theme="light"]').waitFor({ state: 'attached' });
    assert.equal(await background(), light);
    assert.deepEqual(complaints.filter((complaint) => !complaint.startsWith('request')), []);
    await close();
  });

  test('has a name for everything that can be used, and enough contrast for everything that can be read', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, close } = await chromium.visit(url, { colorScheme });
      assert.deepEqual(await page.evaluate(FAINT_TEXTS), [], colorScheme);
      const nameless = await page.locator('button, input, a, canvas, table').evaluateAll((elements: readonly { readonly textContent: string | null; readonly outerHTML: string; getAttribute(name: string): string | null; readonly labels?: { readonly length: number } }[]) =>
        elements.filter((element) => (element.textContent ?? '').trim() === '' && element.getAttribute('aria-label') === null && !(element.labels !== undefined && element.labels.length > 0)).map(({ outerHTML }) => outerHTML));
      assert.deepEqual(nameless, []);
      await close();
    }
  });

  test('shows hostile texts as texts', async () => {
    const hostile = HOSTILE.flatMap((text) => [
      { '@timestamp': '2026-09-01T08:00:00Z', user: { id: text }, organization: { name: text }, source: { ip: text, geo: { country_name: text }, as: { organization: { name: text } } }, event: { action: text, provider: text, reason: text, outcome: 'failure', category: ['authentication'], type: ['start'] } },
      { '@timestamp': '2026-09-01T08:00:00Z', user: { id: text }, event: { kind: 'alert', action: 'AnonymousLinkCreated', severity: text }, rule: { name: text }, file: { name: text } },
    ]);
    const { page, complaints, close } = await chromium.visit(await pageFile('hostile.html', hostile), { viewport: { width: 390, height: 800 } });
    assert.equal(await tile(page, 'events'), String(hostile.length));
    for (const [title, label] of [['Most active users', 'User'], ['Most frequent operations', 'Operation'], ['Workloads', 'Workload'], ['Addresses', 'Address'], ['Countries', 'Country'], ['Why they failed', 'Reason'], ['Latest alerts', 'Alert'], ['Latest shares', 'File or site']] as const) {
      const table = card(page, title);
      await unfold(table);
      const shown = new Set(await cells(table, label));
      assert.deepEqual(HOSTILE.filter((text) => !shown.has(text)), [], title);
    }
    assert.equal(await page.locator('img, iframe, object').count(), 0);
    assert.equal(await page.locator('script').count(), 2);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
    assert.deepEqual(complaints, []);
    await close();
  });

  test('says that there is nothing, where there is nothing', async () => {
    const { page, complaints, close } = await chromium.visit(await pageFile('empty.html', []));
    assert.equal(await tile(page, 'events'), '0');
    assert.ok(await page.getByText('There are no events here.').isVisible());
    assert.deepEqual(complaints, []);
    await close();
  });
});

/** Runs in the page: texts whose contrast against the nearest background is under 4.5 (WCAG 2, AA). */
const FAINT_TEXTS = `(() => {
  const channels = (colour) => (/[\\d.]+/g[Symbol.match](colour) ?? []).map(Number);
  const luminance = (colour) => channels(colour).slice(0, 3).map((value) => value / 255).map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const backgroundOf = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((channels(colour)[3] ?? 1) === 1) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const faint = new Set();
  for (const element of document.querySelectorAll('body *')) {
    if (!element.checkVisibility() || ![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '') || ['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(element.tagName)) continue;
    const [lighter, darker] = [luminance(getComputedStyle(element).color), luminance(backgroundOf(element))].sort((left, right) => right - left);
    const contrast = (lighter + 0.05) / (darker + 0.05);
    if (contrast < 4.5) faint.add(element.className + ' ' + element.tagName + ' ' + contrast.toFixed(2));
  }
  return [...faint];
})()`;
