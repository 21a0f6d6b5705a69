/** The report as one HTML page that needs nothing else: the built page with the picture put in. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, reasonOf } from '../errors.ts';
import type { Picture } from './picture.ts';

/** Made by the build, beside the program. */
const PAGE_FILE = 'report-page.html';
const PLACE = '<script type="application/json" id="picture"></script>';

/** The page's text. Throws REPORT_PAGE when the built page is not beside the program. */
export async function pageOf(picture: Picture, programFolder: string): Promise<string> {
  const file = join(programFolder, PAGE_FILE);
  const page = await readFile(file, 'utf8').catch((error: unknown) => {
    throw failure('REPORT_PAGE', { file, reason: reasonOf(error) }, error);
  });
  const [before, after] = page.split(PLACE);
  if (before === undefined || after === undefined) throw failure('REPORT_PAGE', { file, reason: 'it has no place for the events' });
  return `${before}${PLACE.replace('></', () => `>${jsonForHtml(picture)}</`)}${after}`;
}

/** JSON that neither ends the element it stands in nor begins another one: events come from anybody. */
function jsonForHtml(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
