/** The documents by which OAuth libraries find the token endpoint, and the keys of the simulator's tokens. */
import type { TokenMint } from './access-token.ts';
import { json, type Answer } from './answer.ts';
import type { Company } from './company.ts';

const DOCUMENT_PATH = /^\/([^/]+)(\/v2\.0)?\/\.well-known\/openid-configuration$/;
const KEYS_PATH = /^\/[^/]+\/discovery\/(v2\.0\/)?keys$/;

/** Makes the part that answers for these paths, and says nothing to others. */
export function createDiscovery(companies: readonly Company[], mint: TokenMint): (path: string, origin: string) => Answer | undefined {
  return (path, origin) => {
    if (KEYS_PATH.test(path)) return json(200, JSON.stringify(mint.jwks));
    const [, tenant, version = ''] = DOCUMENT_PATH.exec(path) ?? [];
    if (tenant === undefined) return undefined;
    const company = companies.find(({ id, domain }) => id === tenant.toLowerCase() || domain === tenant.toLowerCase());
    if (company === undefined) return json(400, JSON.stringify({ error: 'invalid_tenant', error_description: `AADSTS90002: Tenant '${tenant}' not found.` }));
    const root = `${origin}/${company.id}`;
    return json(200, JSON.stringify({
      token_endpoint: `${root}/oauth2${version}/token`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'private_key_jwt'],
      jwks_uri: `${root}/discovery${version}/keys`,
      issuer: version === '' ? `https://sts.windows.net/${company.id}/` : `${root}/v2.0`,
      authorization_endpoint: `${root}/oauth2${version}/authorize`,
      response_types_supported: ['code', 'id_token', 'token'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['ES256'],
      tenant_region_scope: 'EU',
      cloud_instance_name: new URL(origin).host,
    }));
  };
}
