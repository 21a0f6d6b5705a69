/** Tells in time that a credential will expire: Entra says so only when it has. Of a certificate it is known, of a secret the operator may have said it. */
import { reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import { CREDENTIAL_WARNING_DAYS, type Clock, type Credential, type Tenant } from '../types.ts';

const DAY_MS = 24 * 3_600_000;

type Certificate = Extract<Credential, { kind: 'certificate' }>;

/** What signs in to which tenants, as configured. */
interface SignIn {
  readonly credential?: Credential;
  /** What the operator has said; of a certificate its own date counts. */
  readonly credentialExpiresMs?: number;
  readonly tenants: readonly Tenant[];
}

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

/** Looks at the credentials of all sources now and once a day, until `end`. */
export function watchCredentials(sources: readonly SignIn[], options: ExpiryOptions): { end(): void } {
  const ended = new AbortController();
  const { clock, log } = options;
  const watch = async (): Promise<void> => {
    for (;;) {
      for (const source of sources) await look(source, options);
      await clock.wait(DAY_MS, ended.signal);
    }
  };
  watch().catch((error: unknown) => {
    if (!ended.signal.aborted) log('auth.expiry_unknown', { reason: reasonOf(error) });
  });
  return { end: () => ended.abort() };
}

async function look({ credential, credentialExpiresMs, tenants }: SignIn, { clock, log, expiryOf, expires: told, expiring }: ExpiryOptions): Promise<void> {
  let expiresMs: number | undefined;
  try {
    expiresMs = credential?.kind === 'certificate' ? await expiryOf(credential) : credentialExpiresMs;
  } catch (error) {
    log('auth.expiry_unknown', { reason: reasonOf(error) });
  }
  if (expiresMs === undefined) return;
  const daysLeft = daysUntil(expiresMs, clock);
  const expires = new Date(expiresMs).toISOString();
  const isSoon = daysLeft <= CREDENTIAL_WARNING_DAYS;
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
