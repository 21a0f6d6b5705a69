/** Subscriptions of one application a tenant and content type: none, enabled or disabled, and from when on content is seen. */
import type { ContentType } from '../types.ts';
import { apiError, errorAnswer, json, type Answer } from './answer.ts';
import { API_ERRORS } from './api-errors.table.ts';
import type { FaultBoard } from './faults.ts';

export interface Subscription {
  readonly contentType: ContentType;
  status: 'enabled' | 'disabled';
  /** Content created before this is not seen: what a stop costs. A first subscription sees all there is, as the service back-fills. */
  visibleFromMs: number;
  lastStartMs: number;
  /** What a listing says while it is disabled. */
  message: string;
}

export interface Subscriptions {
  /** Starts one: the answer, and how the books call it. */
  start(key: SubscriptionKey, nowMs: number): { readonly answer: Answer; readonly outcome: 'started' | 'alreadyEnabled' | 'refused' };
  stop(key: SubscriptionKey): Answer;
  list(tenantId: string, applicationId: string, path: string): Answer;
  /** The enabled subscription, or why nothing can be listed or read. */
  require(key: SubscriptionKey): Subscription | Answer;
  /** True for content that a stop has hidden from every application that ever subscribed. */
  hides(tenantId: string, contentType: ContentType, createdMs: number): boolean;
}

export interface SubscriptionKey {
  readonly tenantId: string;
  readonly applicationId: string;
  readonly contentType: ContentType;
  readonly path: string;
}

/** Makes the book of subscriptions, empty. */
export function createSubscriptions(faults: FaultBoard): Subscriptions {
  const book = new Map<string, Map<ContentType, Subscription>>();
  const of = (tenantId: string, applicationId: string): Map<ContentType, Subscription> => {
    const key = `${tenantId}|${applicationId}`;
    const known = book.get(key) ?? new Map<ContentType, Subscription>();
    book.set(key, known);
    return known;
  };
  const enabledAnswer = (contentType: ContentType): Answer => json(200, `{"contentType":"${contentType}","status":"enabled","webhook":null}`);

  return {
    hides: (tenantId, contentType, createdMs) => {
      const known = [...book].flatMap(([key, subscriptions]) => key.startsWith(`${tenantId}|`) ? subscriptions.get(contentType) ?? [] : []);
      return known.length > 0 && known.every(({ visibleFromMs }) => createdMs < visibleFromMs);
    },
    start: (key, nowMs) => {
      const { tenantId, applicationId, contentType } = key;
      const subscriptions = of(tenantId, applicationId);
      const known = subscriptions.get(contentType);
      const limit = faults.peek('start-limit', { tenant: tenantId, contentType, path: key.path });
      if (limit !== undefined && known !== undefined && nowMs < known.lastStartMs + limit.minutes * 60_000) {
        const message = `Too many subscription start requests. Retry after ${limit.minutes} minutes.`;
        return { outcome: 'refused', answer: errorAnswer({ status: limit.status, code: 'AF429', message }) };
      }
      if (known?.status === 'enabled') return { outcome: 'alreadyEnabled', answer: apiError('AF20024') };
      if (known !== undefined && faults.peek('subscription-stays-disabled', { tenant: tenantId, contentType, path: key.path })) {
        known.lastStartMs = nowMs;
        return { outcome: 'started', answer: enabledAnswer(contentType) };
      }
      const visibleFromMs = known?.visibleFromMs === Infinity ? nowMs : known?.visibleFromMs ?? -Infinity;
      subscriptions.set(contentType, { contentType, status: 'enabled', visibleFromMs, lastStartMs: nowMs, message: API_ERRORS.AF20023.message });
      return { outcome: 'started', answer: enabledAnswer(contentType) };
    },
    stop: ({ tenantId, applicationId, contentType }) => {
      const known = of(tenantId, applicationId).get(contentType);
      if (known === undefined) return apiError('AF20022');
      known.status = 'disabled';
      // Infinity until it is started again: then content is seen from that moment on.
      known.visibleFromMs = Infinity;
      return json(200, '');
    },
    list: (tenantId, applicationId, path) => json(200, `[${[...of(tenantId, applicationId).values()].map(({ contentType, status }) =>
      faults.take('subscription-without-status', { tenant: tenantId, contentType, path }) === undefined
        ? `{"contentType":"${contentType}","status":"${status}","webhook":null}` : `{"contentType":"${contentType}","webhook":null}`).join(',')}]`),
    require: ({ tenantId, applicationId, contentType, path }) => {
      const subscriptions = of(tenantId, applicationId);
      const target = { tenant: tenantId, contentType, path };
      if (subscriptions.has(contentType) && faults.take('subscription-forgotten', target) !== undefined) subscriptions.delete(contentType);
      const known = subscriptions.get(contentType);
      if (known === undefined) return apiError('AF20022');
      const disabled = known.status === 'enabled' ? faults.take('subscription-disabled', target) : undefined;
      if (disabled !== undefined) {
        known.status = 'disabled';
        known.message = disabled.message;
      }
      return known.status === 'enabled' ? known : errorAnswer({ status: API_ERRORS.AF20023.status, code: 'AF20023', message: known.message });
    },
  };
}
