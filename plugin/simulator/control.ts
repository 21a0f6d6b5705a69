/** The simulator's own paths, `/simulator/…`: books, faults, events by hand and the application's credentials, for tests in other processes. */
import { AuditError, failure, reasonOf } from '../errors.ts';
import { CONTENT_TYPES } from '../types.ts';
import { json, type Answer } from './answer.ts';
import type { Application, FederatedCredential } from './application.ts';
import type { Books } from './books.ts';
import type { AddedEvents, EventsByHand } from './by-hand.ts';
import { faultName, type FaultSetting, type Faults } from './faults.ts';

export interface ControlOptions {
  readonly describe: () => unknown;
  readonly books: Books;
  readonly faults: Faults;
  readonly application: Application;
  readonly addEvents: (events: EventsByHand) => AddedEvents;
}

/** Answers a request to a path of the simulator's own; `body` holds one character a byte. */
export type Control = (method: string, url: URL, body: string) => Answer;

/** Makes the control room. */
export function createControl(options: ControlOptions): Control {
  return (method, url, body) => {
    try {
      const result = act(method, url, body, options);
      return result === undefined ? json(404, JSON.stringify({ message: `No such thing as ${method} ${url.pathname}; see ${url.origin}/simulator.` })) : json(200, `${JSON.stringify(result, undefined, 2)}\n`);
    } catch (error) {
      if (error instanceof AuditError) return json(400, JSON.stringify({ code: error.code, message: error.message, repair: error.repair }));
      return json(400, JSON.stringify({ message: reasonOf(error) }));
    }
  };
}

function act(method: string, { pathname, searchParams }: URL, body: string, { describe, books, faults, application, addEvents }: ControlOptions): unknown {
  const utf8 = (): string => Buffer.from(body, 'latin1').toString('utf8');
  const isAsked = (name: string): boolean => ['1', 'true'].includes(searchParams.get(name) ?? '');
  switch (`${method} ${pathname.replace(/\/$/, '')}`) {
    case 'GET /simulator': return describe();
    case 'GET /simulator/books': return books.snapshot({ ids: isAsked('ids'), log: isAsked('log') });
    case 'GET /simulator/faults': return faults.list();
    case 'PUT /simulator/faults': return switchFaults(JSON.parse(utf8()), faults);
    case 'DELETE /simulator/faults':
      faults.clear();
      return faults.list();
    case 'POST /simulator/events': return addEvents({
      ndjson: body,
      tenant: searchParams.get('tenant') ?? undefined,
      contentType: CONTENT_TYPES.find((contentType) => contentType === searchParams.get('contentType')),
      keepIds: isAsked('keepIds'),
      verbatim: isAsked('verbatim'),
      ageMs: Number(searchParams.get('ageMs') ?? 0),
    });
    case 'PUT /simulator/certificates':
      application.setCertificates(body.trim() === '' ? [] : [body]);
      return { certificates: application.certificates.map(({ sha1, sha256 }) => ({ x5t: sha1, 'x5t#S256': sha256 })) };
    case 'PUT /simulator/secrets':
      application.setSecrets(JSON.parse(utf8()) as string[]);
      return { secrets: application.secrets.length };
    case 'PUT /simulator/federated':
      application.setFederated(JSON.parse(utf8()) as FederatedCredential[]);
      return { federated: application.federated.map(({ issuer, subject }) => ({ issuer, subject })) };
    default: return undefined;
  }
}

/** `{"throttled": {"count": 3}, "slow-drip": true, "delay": false}`: an object or true switches on, false or null off; all names are checked first. */
function switchFaults(given: unknown, faults: Faults): unknown {
  if (typeof given !== 'object' || given === null) throw failure('SIMULATOR_FAULT_SETTING', { name: String(given), setting: 'the body', expected: 'an object of fault names' });
  const settings = Object.entries(given).map(([name, setting]) => [faultName(name), setting as FaultSetting | boolean | null] as const);
  for (const [name, setting] of settings) {
    if (setting === false || setting === null) faults.clear(name);
    else faults.set(name, setting === true ? {} : setting);
  }
  return faults.list();
}
