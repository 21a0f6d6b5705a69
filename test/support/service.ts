/** `o365audit simulate` in a process of its own, as users run it, and a plain reader of what it serves. */
import assert from 'node:assert/strict';
import { CONTENT_TYPES, type ContentType } from '../../plugin/types.ts';
import type { BooksSnapshot } from '../../plugin/simulator/books.ts';
import { startProgram, type Program } from './program.ts';

const DAY_MS = 86_400_000;
/** The simulator's backlog lies within so many days. */
const DAYS = 2;

export interface Service {
  readonly program: Program;
  readonly url: URL;
  /** The o365.yml that it tells its user to save. */
  readonly configuration: string;
  books(): Promise<BooksSnapshot>;
  /** The bodies of all blobs of the backlog, as they are served. Subscriptions must have been started. */
  bodies(): Promise<{ readonly contentType: ContentType; readonly text: string }[]>;
  stop(): Promise<void>;
}

interface Description {
  readonly applicationId: string;
  readonly clientSecret: string;
  readonly tenants: readonly { readonly id: string }[];
}

/** Starts it on a free port and waits until it has said how to use it. */
export async function startService(words: readonly string[]): Promise<Service> {
  const program = startProgram(['simulate', '--port', '0', ...words]);
  await program.said('Ctrl-C ends it.');
  const url = new URL(/ is at (http\S+)/.exec(program.stderr)?.[1] ?? '');
  const configuration = /Save this as o365\.yml:\n\n([^]*)\n\nand read from it/.exec(program.stderr)?.[1] ?? '';
  assert.match(configuration, /client_secret/);
  return {
    program, url, configuration,
    books: async () => await (await fetch(new URL('/simulator/books', url))).json() as BooksSnapshot,
    bodies: async () => {
      const description = await (await fetch(new URL('/simulator', url))).json() as Description;
      return (await Promise.all(description.tenants.map(({ id }) => bodiesOf(url, description, id)))).flat();
    },
    async stop() {
      program.signal('SIGTERM');
      assert.deepEqual(await program.ended(), { status: 0, signal: null });
    },
  };
}

/** Reads a tenant as the documentation says: token, windows of a day, pages, blobs. */
async function bodiesOf(url: URL, { applicationId, clientSecret }: Description, tenant: string): Promise<{ readonly contentType: ContentType; readonly text: string }[]> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: applicationId, client_secret: clientSecret, scope: `${url.origin}/.default` });
  const { access_token: token } = await (await fetch(new URL(`/${tenant}/oauth2/v2.0/token`, url), { method: 'POST', body: form })).json() as { access_token: string };
  const get = async (from: string): Promise<Response> => {
    const answer = await fetch(from, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200, from);
    return answer;
  };
  const nowMs = Date.now();
  const bodies = [];
  for (const contentType of CONTENT_TYPES) {
    for (let day = DAYS; day > 0; day -= 1) {
      const [start, end] = [day, day - 1].map((days) => new Date(nowMs - days * DAY_MS + 1000).toISOString().slice(0, 19));
      let next: string | null = new URL(`/api/v1.0/${tenant}/activity/feed/subscriptions/content?contentType=${contentType}&startTime=${start}&endTime=${end}&PublisherIdentifier=${tenant}`, url).href;
      while (next !== null) {
        const page: Response = await get(next);
        for (const { contentUri } of await page.json() as { readonly contentUri: string }[]) bodies.push({ contentType, text: await (await get(contentUri)).text() });
        next = page.headers.get('NextPageUri');
      }
    }
  }
  return bodies;
}
