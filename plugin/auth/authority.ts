/**
 * What @azure/msal-node must be told about a login host so that it asks nobody else: it refuses `http:` authorities, and looks unknown hosts up
 * at login.microsoftonline.com unless they are declared known and their endpoints come along.
 */
export interface Authority {
  readonly tokenEndpoint: URL;
  /** msal-node's own names for the parts. */
  readonly authority: string;
  readonly knownAuthorities: string[];
  readonly authorityMetadata: string;
}

/** The login host `authenticationEndpoint` (a path before the tenant is kept) for one tenant, given as GUID or domain. */
export function authorityOf(authenticationEndpoint: URL, tenantId: string): Authority {
  const tenant = encodeURIComponent(tenantId);
  const tokenEndpoint = `${authenticationEndpoint.origin}${authenticationEndpoint.pathname.replace(/\/+$/, '')}/${tenant}/oauth2/v2.0/token`;
  // For msal-node this is a name, not an address: nothing is ever sent there.
  const authority = `https://${authenticationEndpoint.host}/${tenant}`;
  return {
    tokenEndpoint: new URL(tokenEndpoint),
    authority,
    knownAuthorities: [authenticationEndpoint.host],
    authorityMetadata: JSON.stringify({
      token_endpoint: tokenEndpoint,
      // Never asked, but msal-node compares their paths with the authority's.
      issuer: `${authority}/v2.0`,
      authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
      end_session_endpoint: `${authority}/oauth2/v2.0/logout`,
      jwks_uri: `${authority}/discovery/v2.0/keys`,
    }),
  };
}

/** The scope of all application permissions of the API at `resource`: what client credentials must ask for. */
export function scopeOf(resource: URL): string {
  return `${resource.origin}${resource.pathname.replace(/\/+$/, '')}/.default`;
}
