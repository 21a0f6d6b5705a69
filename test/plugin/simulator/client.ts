/** What the tests of the simulator share: a simulator of their own on a clock that they move, and a plain client of the API. */
import assert from 'node:assert/strict';
import { silentLog } from '../../../plugin/telemetry/log.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../../plugin/simulator/simulator.ts';
import type { ContentType } from '../../../plugin/types.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';

/** 2026-09-08T12:00:00Z. */
export const NOON_MS = Date.UTC(2026, 8, 8, 12);
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Runs a test against a simulator of its own, and closes it whatever happens. */
export async function withSimulator(options: Partial<SimulatorOptions>, test: (simulator: Simulator, clock: ManualClock) => Promise<void>): Promise<void> {
  const clock = createManualClock(NOON_MS);
  const simulator = await startSimulator({ clock, log: silentLog, ...options });
  try {
    await test(simulator, clock);
  } finally {
    await simulator.close();
  }
}

/** A blob in a listing. */
export interface ListedBlob {
  readonly contentUri: string;
  readonly contentId: string;
  readonly contentType: string;
  readonly contentCreated: string;
  readonly contentExpiration: string;
}

export type Event = Readonly<Record<string, unknown>> & { readonly Id?: string };

/** A client that does what the documentation says and nothing more. */
export interface Client {
  readonly tenantId: string;
  token(): Promise<string>;
  call(path: string, init?: RequestInit): Promise<Response>;
  start(contentType: ContentType): Promise<Response>;
  /** One page of the last 24 hours, or of the window given, as it is answered. */
  page(contentType: ContentType, window?: { readonly start: string; readonly end: string }): Promise<Response>;
  /** All pages of a window. */
  list(contentType: ContentType, window?: { readonly start: string; readonly end: string }): Promise<ListedBlob[]>;
  /** All pages of the last two days, in which a simulator's backlog lies. */
  listAll(contentType: ContentType): Promise<ListedBlob[]>;
  blob(blob: { readonly contentUri: string }): Promise<Response>;
  events(blob: { readonly contentUri: string }): Promise<Event[]>;
}

/** Makes a client with one token for one tenant. */
export function createClient(simulator: Simulator, { tenant = 0, nowMs = () => NOON_MS }: { readonly tenant?: number; readonly nowMs?: () => number } = {}): Client {
  const tenantId = simulator.tenants[tenant]?.id ?? '';
  const root = `${simulator.url.origin}/api/v1.0/${tenantId}/activity/feed`;
  let cached: Promise<string> | undefined;
  const token = (): Promise<string> => cached ??= fetchToken(simulator, tenantId);
  const get = async (url: string, init: RequestInit = {}): Promise<Response> => fetch(url, { redirect: 'manual', ...init, headers: { authorization: `Bearer ${await token()}`, ...init.headers as Record<string, string> } });
  const call = (path: string, init?: RequestInit): Promise<Response> => get(`${root}/${path}`, init);
  const page: Client['page'] = (contentType, window = { start: textTime(nowMs() - DAY_MS + 1000), end: textTime(nowMs() + 1000) }) =>
    call(`subscriptions/content?contentType=${contentType}&startTime=${encodeURIComponent(window.start)}&endTime=${encodeURIComponent(window.end)}&PublisherIdentifier=${tenantId}`);
  const list: Client['list'] = async (contentType, window) => {
    const blobs: ListedBlob[] = [];
    for (let answer = await page(contentType, window); ;) {
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      blobs.push(...JSON.parse(text) as ListedBlob[]);
      const next = answer.headers.get('NextPageUri');
      if (next === null) return blobs;
      answer = await get(next);
    }
  };
  return {
    tenantId, token, call, page, list,
    listAll: async (contentType) => (await Promise.all([2, 1].map((days) => list(contentType, { start: textTime(nowMs() - days * DAY_MS), end: textTime(nowMs() - (days - 1) * DAY_MS) })))).flat(),
    start: (contentType) => call(`subscriptions/start?contentType=${contentType}&PublisherIdentifier=${tenantId}`, { method: 'POST' }),
    blob: ({ contentUri }) => get(contentUri),
    events: async ({ contentUri }) => {
      const answer = await get(contentUri);
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      return JSON.parse(text) as Event[];
    },
  };
}

/** Asks the v2 endpoint with the secret in the form; further fields replace the usual ones. */
export function askForToken({ url, applicationId, clientSecret }: Simulator, tenant: string, fields: Readonly<Record<string, string | undefined>> = {}, { version = 'v2.0/', headers = {} }: { readonly version?: string; readonly headers?: Record<string, string> } = {}): Promise<Response> {
  const all: Readonly<Record<string, string | undefined>> = { grant_type: 'client_credentials', client_id: applicationId, client_secret: clientSecret, scope: `${url.origin}/.default`, ...fields };
  const form = new URLSearchParams(Object.entries(all).flatMap(([name, value]): [string, string][] => value === undefined ? [] : [[name, value]]));
  return fetch(new URL(`/${tenant}/oauth2/${version}token`, url), { method: 'POST', body: form, headers });
}

/** A time in the documented form. */
export function textTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}

/** The code and message of an error answer. */
export async function errorOf(answer: Response): Promise<{ readonly status: number; readonly code: string; readonly message: string }> {
  const { error } = await answer.json() as { error: { code: string; message: string } };
  return { status: answer.status, ...error };
}

async function fetchToken(simulator: Simulator, tenantId: string): Promise<string> {
  const answer = await askForToken(simulator, tenantId);
  const { access_token: token } = await answer.json() as { access_token?: string };
  assert.ok(token, 'no token was issued');
  return token;
}
