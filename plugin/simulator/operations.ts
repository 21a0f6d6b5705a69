/** What each operation of the API answers to a caller who may call. */
import { CONTENT_TYPES, type ContentType } from '../types.ts';
import { apiError, json, unknownRoute, type Answer } from './answer.ts';
import { looksLikeContentId } from './blob.ts';
import type { Call } from './feed.ts';
import { listContent, type ListingOptions } from './listing.ts';
import { sensitiveTypes } from './sensitive-types.ts';
import type { Subscriptions } from './subscriptions.ts';
import { readWindow } from './window.ts';

export interface OperationOptions extends ListingOptions {
  readonly subscriptions: Subscriptions;
  /** Scheme, host and port by which a client called. */
  readonly originOf: (headers: Call['request']['headers']) => string;
}

const GRACE_MS = 3_600_000;

/** The answer to a call that nothing speaks against. */
export function answerCall(call: Call, options: OperationOptions): Answer {
  const { operation, request, claims, tenantId } = call;
  switch (operation) {
    case 'list': return options.subscriptions.list(tenantId, claims?.appid ?? '', call.target.path);
    case 'blob': return readBlob(call, options);
    case 'sensitiveTypes': return sensitiveTypes(String(request.headers['accept-language'] ?? 'en-US'));
    case 'unknown': return unknownRoute(request.url.href);
    case 'start': case 'stop': case 'content': case 'notifications': return answerForType(call, options);
  }
}

/** The contentId in a blob's path; `%24` is understood as `$`. */
export function contentIdOf(route: string): string {
  const text = route.slice('audit/'.length);
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign: no contentId has one, so it is refused as it stands.
    return text;
  }
}

function answerForType(call: Call, options: OperationOptions): Answer {
  const { operation, request, claims, tenantId, parameters, target } = call;
  const { subscriptions, notes, nowMs } = options;
  const given = parameters.get('contenttype');
  if (given === undefined || given === '') return apiError('AF20001', 'contentType');
  const contentType = CONTENT_TYPES.find((one) => one.toLowerCase() === given.toLowerCase());
  if (contentType === undefined) return apiError('AF20020');
  const key = { tenantId, applicationId: claims?.appid ?? '', contentType, path: target.path };
  if (operation === 'start') {
    const address = webhookAddress(request.body);
    if (address !== undefined) return apiError('AF20021', address, 'This simulator calls nobody.');
    const { answer, outcome } = subscriptions.start(key, nowMs());
    notes.noteStart(tenantId, contentType, outcome);
    return answer;
  }
  if (operation === 'stop') return subscriptions.stop(key);
  const subscription = subscriptions.require(key);
  if ('body' in subscription) return subscription;
  return operation === 'notifications' ? json(200, '[]') : listWindow(call, contentType, subscription.visibleFromMs, options);
}

function listWindow({ request, tenantId, parameters, target }: Call, contentType: ContentType, visibleFromMs: number, options: OperationOptions): Answer {
  const { faults, notes, nextPages, store, nowMs, originOf } = options;
  const [startTime, endTime, nextPage] = [parameters.get('starttime'), parameters.get('endtime'), parameters.get('nextpage')];
  const remembered = nextPage !== undefined && startTime === undefined ? nextPages.windowOf(nextPage) : undefined;
  const window = remembered ?? readWindow(startTime, endTime, {
    nowMs: nowMs(),
    graceMs: faults.peek('retention-grace', target) === undefined ? 0 : GRACE_MS,
    answersWide: faults.peek('wide-window-answered', target) !== undefined,
    refusesFullDay: faults.peek('full-day-refused', target) !== undefined,
  });
  if ('body' in window) return window;
  notes.noteWindow(tenantId, contentType, window.endMs - window.startMs);
  if (faults.take('window-refused', target) !== undefined) return apiError('AF20055', window.startText, window.endText);
  const origin = originOf(request.headers);
  return listContent({
    shelf: store.shelf(tenantId, contentType), window, nextPage, visibleFromMs, origin, target,
    url: origin + request.url.pathname + request.url.search, publisher: parameters.get('publisheridentifier'),
  }, options);
}

function readBlob({ request, claims, tenantId, target, blob }: Call, { faults, subscriptions, nowMs }: OperationOptions): Answer {
  const contentId = contentIdOf(request.route);
  const missing = faults.take('blob-missing', target);
  if (missing !== undefined) return unknownRoute(request.url.href);
  const unknown = faults.take('blob-unknown', target);
  if (unknown !== undefined) return { ...apiError('AF20050', contentId), status: unknown.status };
  const expired = faults.take('blob-expired', target);
  if (expired !== undefined) return { ...apiError('AF20051', contentId), status: expired.status };
  const invalid = faults.take('blob-invalid', target);
  if (invalid !== undefined) return { ...apiError('AF20052', contentId), status: invalid.status };
  if (!looksLikeContentId(contentId)) return apiError('AF20052', contentId);
  if (blob === undefined) return apiError('AF20050', contentId);
  if (blob.tenantId !== tenantId || request.tenant.toLowerCase() !== tenantId) return apiError('AF20052', contentId);
  const subscription = subscriptions.require({ tenantId, applicationId: claims?.appid ?? '', contentType: blob.contentType, path: target.path });
  if ('body' in subscription) return subscription;
  if (blob.expiresMs <= nowMs()) return apiError('AF20051', contentId);
  if (blob.createdMs < subscription.visibleFromMs) return apiError('AF20050', contentId);
  return { status: 200, body: blob.pieces, isBlob: true };
}

/** The address in the optional body of a start; a body that is none counts as none. */
function webhookAddress(body: string): string | undefined {
  if (body.trim() === '') return undefined;
  try {
    const given = JSON.parse(body) as { webhook?: { address?: unknown } | null } | null;
    const address = given?.webhook?.address;
    return typeof address === 'string' ? address : undefined;
  } catch {
    // The service reads what it can of the body; polling needs none of it.
    return undefined;
  }
}
