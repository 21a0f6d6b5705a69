/** What an access token says of itself. It is read, not verified: the service it is for does that. */
export interface Identity {
  /** The tenant's GUID, whatever name it was asked for by; undefined if the token does not say. */
  readonly tenantId: string | undefined;
  /** The application permissions that were consented to; empty when none were, in which case a token is issued all the same. */
  readonly roles: readonly string[];
}

export interface Claims extends Identity {
  readonly expiresAtMs: number | undefined;
}

/** Decodes a JSON Web Token's claims; a token that is none gives no claims. */
export function readClaims(token: string): Claims {
  const claims = payloadOf(token);
  const { tid, roles, exp } = claims;
  return {
    tenantId: typeof tid === 'string' ? tid.toLowerCase() : undefined,
    roles: Array.isArray(roles) ? roles.filter((role): role is string => typeof role === 'string') : [],
    expiresAtMs: typeof exp === 'number' ? exp * 1000 : undefined,
  };
}

function payloadOf(token: string): Readonly<Record<string, unknown>> {
  const payload = token.split('.')[1];
  if (payload === undefined) return {};
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? claims as Record<string, unknown> : {};
  } catch {
    // An opaque token is allowed: it says nothing about itself.
    return {};
  }
}
