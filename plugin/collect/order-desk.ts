/** Looks for what an operator wants of the running collector, and hands it to the tenant that it concerns. */
import { reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, ContentBlob, ContentType } from '../types.ts';
import { quietly } from './run.ts';

/** How soon an order is met. */
export const ORDER_INTERVAL_MS = 2_000;

/** As plugin/ledger/orders.ts leaves them. */
type Order =
  | { readonly order: 'fetch'; readonly tenant: string; readonly blobs: readonly ContentBlob[] }
  | { readonly order: 'retry'; readonly ids: readonly string[] };

/** A collector of a tenant, as orders see it. */
export interface OrderTaker {
  readonly tenantId: string;
  readonly contentTypes: readonly ContentType[];
  /** Notes blobs as owed again; resolves with those that were not owed. */
  oweAgain(blobs: readonly ContentBlob[]): Promise<readonly ContentBlob[]>;
  /** Takes blobs up that are owed since a moment ago. */
  takeUp(blobs: readonly ContentBlob[]): void;
  /** Tries blobs again that wait for the next round: those of these ids, or, when there are none, all. Answers how many. */
  retryParked(ids: readonly string[]): number;
}

export interface OrderDesk {
  /** Looks once. */
  look(): Promise<void>;
  /** Looks every few seconds until the signal is aborted. */
  follow(signal: AbortSignal): Promise<void>;
}

export interface OrderDeskOptions {
  /** Hands over each order that was left, and forgets it when the promise resolves. */
  readonly takeOrders: (take: (order: Order) => Promise<void>) => Promise<void>;
  readonly takers: readonly OrderTaker[];
  readonly clock: Clock;
  readonly log: Log;
}

/** A desk for the orders to these tenants. An order that cannot be carried out now stays where it is, and is met again. */
export function createOrderDesk({ takeOrders, takers, clock, log }: OrderDeskOptions): OrderDesk {
  let said = '';

  async function take(order: Order): Promise<void> {
    if (order.order === 'retry') {
      log('order.taken', { order: order.order, blobs: takers.reduce((sum, taker) => sum + taker.retryParked(order.ids), 0) });
      return;
    }
    const rest = new Set(order.blobs);
    for (const taker of takers.filter(({ tenantId }) => tenantId.toLowerCase() === order.tenant.toLowerCase())) {
      const blobs = [...rest].filter(({ contentType }) => taker.contentTypes.includes(contentType));
      for (const blob of blobs) rest.delete(blob);
      taker.takeUp(await taker.oweAgain(blobs));
      taker.retryParked(blobs.map(({ contentId }) => contentId));
    }
    log('order.taken', { order: order.order, tenant: order.tenant, blobs: order.blobs.length - rest.size, ...(rest.size === 0 ? {} : { notCollectedHere: rest.size }) });
  }

  async function look(): Promise<void> {
    try {
      await takeOrders(take);
      said = '';
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== said) log('order.failed', { reason });
      said = reason;
    }
  }

  return {
    look,
    async follow(signal) {
      while (!signal.aborted) {
        await look();
        await quietly(clock.wait(ORDER_INTERVAL_MS, signal), signal);
      }
    },
  };
}
