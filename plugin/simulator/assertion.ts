/**
 * Checks a client assertion as Entra ID does: RS256 with x5t or PS256 with x5t#S256 against the application's certificates, or a token of a
 * federated issuer. Source: https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
import { constants, verify, type KeyObject } from 'node:crypto';
import type { Application, RegisteredCertificate } from './application.ts';
import type { AadstsNumber } from './entra-errors.table.ts';

/** What Entra would say against an assertion. */
export interface Refusal {
  readonly aadsts: AadstsNumber;
  readonly values: readonly string[];
}

export interface AssertionContext {
  readonly application: Application;
  readonly clientId: string;
  /** The URLs under which this token endpoint was called: the audience must be one of them. */
  readonly audiences: readonly string[];
  readonly nowMs: number;
  readonly sha1Only: boolean;
  /** False for a jti that may not be used again. */
  readonly mayUse: (jti: string) => boolean;
}

interface Assertion {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** The clocks of two machines may be this far apart. */
const SKEW_SECONDS = 300;
const FEDERATED_AUDIENCE = 'api://AzureADTokenExchange';

/** Nothing when the assertion stands for the application, else Entra's refusal. */
export function refuseAssertion(text: string, context: AssertionContext): Refusal | undefined {
  const assertion = parseAssertion(text);
  if (assertion === undefined) return { aadsts: 50027, values: [] };
  const { issuer, subject, audience } = claimsOf(assertion);
  if (issuer !== context.clientId && context.application.federated.length > 0) return refuseFederated(assertion, context);
  const certificate = findCertificate(assertion, context);
  if ('aadsts' in certificate) return certificate;
  const algorithm = assertion.header.alg === 'PS256' ? 'PS256' : 'RS256';
  if (!isSignedBy(assertion, certificate.publicKey, algorithm)) return { aadsts: 700027, values: [`The signature is not valid., Thumbprint of key used by client: '${certificate.sha1}'`] };
  if (context.nowMs > certificate.notAfterMs || context.nowMs < certificate.notBeforeMs) {
    return { aadsts: 700027, values: [`The key used is expired., Thumbprint of key used by client: '${certificate.sha1}'`] };
  }
  if (issuer !== context.clientId || subject !== context.clientId) return { aadsts: 700021, values: [] };
  if (!context.audiences.includes(audience)) return { aadsts: 700023, values: [] };
  return refuseTime(assertion, context) ?? refuseReplay(assertion, context);
}

function refuseFederated(assertion: Assertion, context: AssertionContext): Refusal | undefined {
  const { issuer, subject, audience } = claimsOf(assertion);
  const credential = context.application.federated.find((one) => one.issuer === issuer && one.subject === subject && (one.audience ?? FEDERATED_AUDIENCE) === audience);
  if (credential === undefined) return { aadsts: 70021, values: [issuer, subject, audience] };
  // A token of a federated issuer may be shown many times until it expires.
  return isSignedBy(assertion, credential.key, 'RS256') ? refuseTime(assertion, context) : { aadsts: 700027, values: ['The signature is not valid.'] };
}

function findCertificate({ header }: Assertion, { application, sha1Only }: AssertionContext): RegisteredCertificate | Refusal {
  const { alg } = header;
  const [name, member] = alg === 'RS256' ? ['x5t', 'sha1'] as const : alg === 'PS256' && !sha1Only ? ['x5t#S256', 'sha256'] as const : [undefined, undefined];
  if (name === undefined) return { aadsts: 700027, values: [`The algorithm ${String(alg)} with this thumbprint is not accepted.`] };
  // Microsoft's library for Python pads its base64url.
  const thumbprint = String(header[name]).replace(/=+$/, '');
  const found = application.certificates.find((certificate) => certificate[member] === thumbprint);
  return found ?? { aadsts: 700027, values: [`The key was not found., Thumbprint of key used by client: '${thumbprint}'`] };
}

function refuseTime({ claims }: Assertion, { nowMs }: AssertionContext): Refusal | undefined {
  const nowSeconds = nowMs / 1000;
  const [notBefore, expires] = [Number(claims.nbf ?? claims.iat ?? NaN), Number(claims.exp ?? NaN)];
  if (expires > nowSeconds && notBefore <= nowSeconds + SKEW_SECONDS) return undefined;
  return { aadsts: 700024, values: [timeText(nowSeconds), timeText(notBefore), timeText(expires)] };
}

function refuseReplay({ claims }: Assertion, { mayUse }: AssertionContext): Refusal | undefined {
  if (typeof claims.jti !== 'string' || claims.jti === '') return { aadsts: 50027, values: [] };
  return mayUse(claims.jti) ? undefined : { aadsts: 700027, values: ['The assertion was used before.'] };
}

function isSignedBy({ header, signed, signature }: Assertion, key: KeyObject, algorithm: 'RS256' | 'PS256'): boolean {
  if (header.alg !== algorithm) return false;
  const padding = algorithm === 'PS256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {};
  return verify('sha256', signed, { key, ...padding }, signature);
}

function claimsOf({ claims }: Assertion): { issuer: string; subject: string; audience: string } {
  const text = (name: string): string => typeof claims[name] === 'string' ? claims[name] : '';
  return { issuer: text('iss'), subject: text('sub'), audience: text('aud') };
}

function parseAssertion(text: string): Assertion | undefined {
  const [header, claims, signature, ...rest] = text.split('.');
  if (header === undefined || claims === undefined || signature === undefined || rest.length > 0) return undefined;
  try {
    return { header: objectIn(header), claims: objectIn(claims), signed: Buffer.from(`${header}.${claims}`), signature: Buffer.from(signature, 'base64url') };
  } catch {
    // Not JSON inside: malformed, which is all that Entra says of it too.
    return undefined;
  }
}

function objectIn(part: string): Record<string, unknown> {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  if (typeof value !== 'object' || value === null) throw new TypeError('Not an object.');
  return value as Record<string, unknown>;
}

function timeText(seconds: number): string {
  return Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString() : 'unknown';
}
