/** Tells in time that a certificate will expire: Entra says so only when it has. */
import { reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, Credential, Tenant } from '../types.ts';

const DAY_MS = 24 * 3_600_000;
/** From so many days before on it is said once a day. */
export const WARNING_DAYS = 30;

type Certificate = Extract<Credential, { kind: 'certificate' }>;

export interface ExpiryOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** When a certificate expires; rejects when it cannot be read, which whoever signs in with it reports. */
  readonly expiryOf: (credential: Certificate) => Promise<number>;
  /** Learns it each time, with the tenant's id in the configuration. */
  readonly expires: (fields: Expiry, tenantId: string) => void;
  /** Learns it when it is soon. */
  readonly expiring: (fields: Expiry) => void;
}

export interface Expiry {
  readonly tenant: string;
  readonly expires: string;
  readonly days_left: number;
}

/** Looks at the certificates of all sources now and once a day, until `end`. */
export function watchCertificates(sources: readonly { readonly credential?: Credential; readonly tenants: readonly Tenant[] }[], options: ExpiryOptions): { end(): void } {
  const ended = new AbortController();
  const { clock, log } = options;
  const watch = async (): Promise<void> => {
    for (;;) {
      for (const { credential, tenants } of sources) {
        if (credential?.kind === 'certificate') await look(credential, tenants, options);
      }
      await clock.wait(DAY_MS, ended.signal);
    }
  };
  watch().catch((error: unknown) => {
    if (!ended.signal.aborted) log('auth.expiry_unknown', { reason: reasonOf(error) });
  });
  return { end: () => ended.abort() };
}

async function look(credential: Certificate, tenants: readonly Tenant[], { clock, log, expiryOf, expires: told, expiring }: ExpiryOptions): Promise<void> {
  let expiresMs: number;
  try {
    expiresMs = await expiryOf(credential);
  } catch (error) {
    log('auth.expiry_unknown', { reason: reasonOf(error) });
    return;
  }
  const daysLeft = daysUntil(expiresMs, clock);
  const expires = new Date(expiresMs).toISOString();
  const isSoon = daysLeft <= WARNING_DAYS;
  if (isSoon) log('auth.expiring', { expires, daysLeft });
  for (const { id, name } of tenants) {
    const expiry = { tenant: name ?? id, expires, days_left: daysLeft };
    told(expiry, id);
    if (isSoon) expiring(expiry);
  }
}

/** Whole days from now. */
export function daysUntil(atMs: number, clock: Clock): number {
  return Math.floor((atMs - clock.nowMs()) / DAY_MS);
}
