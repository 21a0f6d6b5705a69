/** The pages of the examples: what they name is there, and what is there they name. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');
const PAGES = readdirSync(join(ROOT, 'examples')).map((folder) => join(ROOT, 'examples', folder, 'README.md')).filter((page) => existsSync(page));

/** Where the links of a page that stay in the project lead. */
function linksOf(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, link = '']) => link).filter((link) => !link.includes('://'));
}

test('Every link of the examples\' pages leads to a file or folder.', () => {
  assert.ok(PAGES.length >= 4);
  for (const page of [...PAGES, join(ROOT, 'README.md')]) {
    for (const link of linksOf(page)) assert.ok(existsSync(join(dirname(page), link)), `${page}: ${link}`);
  }
});

test('Every file of the hosts\' examples is linked from its page.', () => {
  for (const host of ['fluent-bit', 'stdout', 'vector']) {
    const folder = join(ROOT, 'examples', host);
    const links = linksOf(join(folder, 'README.md'));
    for (const file of readdirSync(folder)) assert.ok(file === 'README.md' || links.includes(file), `${host} does not link ${file}`);
  }
});
