/**
 * A token that another issuer gives this workload and that stands for the application (workload identity federation): Kubernetes writes it into a file and
 * renews it there. https://learn.microsoft.com/entra/workload-id/workload-identity-federation
 */
import { readFile } from 'node:fs/promises';
import { failure, systemCodeOf } from '../errors.ts';
import type { Clock } from '../types.ts';
import { readClaims } from './claims.ts';

const JSON_WEB_TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Reads the token. Throws AUTH_FEDERATED_TOKEN when there is none or it has expired, before anything is sent. */
export async function readFederatedToken(file: string, clock: Clock): Promise<string> {
  const unusable = (reason: string): Error => failure('AUTH_FEDERATED_TOKEN', { place: file, reason });
  let token: string;
  try {
    token = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw unusable(systemCodeOf(error) ?? 'it cannot be opened');
  }
  if (!JSON_WEB_TOKEN.test(token)) throw unusable('it is no JSON Web Token');
  const { expiresAtMs } = readClaims(token);
  if (expiresAtMs !== undefined && expiresAtMs <= clock.nowMs()) throw unusable(`it expired at ${new Date(expiresAtMs).toISOString()}`);
  return token;
}
