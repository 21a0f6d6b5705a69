/**
 * The API itself, `/api/v1.0/{tenant}/activity/feed/…`: from a request to its answer.
 * Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference
 */
import type { TokenClaims } from './access-token.ts';
import { lengthRequired, unknownRoute, wrongMethod, type Answer } from './answer.ts';
import type { Blob } from './blob.ts';
import type { Operation } from './counts.ts';
import type { FaultTarget } from './faults.ts';
import { refuseCall, type GateOptions } from './gate.ts';
import { answerCall, contentIdOf, type OperationOptions } from './operations.ts';

export interface FeedRequest {
  readonly method: string;
  readonly url: URL;
  /** The tenant in the path, and the path behind `feed/`. */
  readonly tenant: string;
  readonly route: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request that has a route, with what is known about it before it is judged. */
export interface Call {
  readonly request: FeedRequest;
  readonly operation: Operation;
  /** The operation's name in AF429. */
  readonly quotaName: string;
  /** The claims of its token; undefined when the token is none of this service, has expired or is for another audience. */
  readonly claims: TokenClaims | undefined;
  readonly token: string;
  /** The tenant that the token speaks for, else the one in the path. */
  readonly tenantId: string;
  /** The parameters by their names in lower case: the service does not mind their case. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly target: FaultTarget;
  readonly blob: Blob | undefined;
}

/** What the feed answers, and what the books and the faults of bodies need to know about it. */
export interface FeedAnswer {
  readonly answer: Answer;
  readonly operation: Operation;
  readonly target: FaultTarget;
  readonly blob: Blob | undefined;
}

export interface FeedOptions extends GateOptions, OperationOptions {
  /** The claims behind a bearer token that is good for this API. */
  readonly readToken: (token: string) => TokenClaims | undefined;
}

const ROUTES: Readonly<Record<string, { readonly operation: Operation; readonly method: 'GET' | 'POST'; readonly quotaName: string }>> = {
  'subscriptions/start': { operation: 'start', method: 'POST', quotaName: 'StartSubscription' },
  'subscriptions/stop': { operation: 'stop', method: 'POST', quotaName: 'StopSubscription' },
  'subscriptions/list': { operation: 'list', method: 'GET', quotaName: 'ListSubscriptions' },
  'subscriptions/content': { operation: 'content', method: 'GET', quotaName: 'GetContents' },
  'subscriptions/notifications': { operation: 'notifications', method: 'GET', quotaName: 'GetNotifications' },
  'resources/dlpsensitivetypes': { operation: 'sensitiveTypes', method: 'GET', quotaName: 'GetSensitiveTypes' },
};
const BLOB_ROUTE = { operation: 'blob', method: 'GET', quotaName: 'GetBlob' } as const;

/** Makes the API: a function from a request to its answer. */
export function createFeed(options: FeedOptions): (request: FeedRequest) => FeedAnswer {
  return (request) => {
    const { method, url, route, headers } = request;
    const found = route.startsWith('audit/') ? BLOB_ROUTE : ROUTES[route.toLowerCase()];
    const [, token = ''] = /^Bearer\s+(\S+)$/i.exec(String(headers.authorization ?? '')) ?? [];
    const claims = options.readToken(token);
    const tenantId = claims?.tid ?? request.tenant.toLowerCase();
    const parameters = new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value]));
    const blob = found === BLOB_ROUTE ? options.store.find(contentIdOf(route)) : undefined;
    const target = { tenant: tenantId, contentType: blob?.contentType ?? parameters.get('contenttype'), path: url.pathname + url.search };
    const result = (answer: Answer): FeedAnswer => ({ answer, operation: found?.operation ?? 'unknown', target, blob });

    if (found === undefined) return result(unknownRoute(url.href));
    if (method !== found.method) return result(wrongMethod(method));
    if (method === 'POST' && headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return result(lengthRequired());
    const call: Call = { request, operation: found.operation, quotaName: found.quotaName, claims, token, tenantId, parameters, target, blob };
    return result(refuseCall(call, options) ?? answerCall(call, options));
  };
}
