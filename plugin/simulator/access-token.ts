/** Access tokens of the simulated Entra ID: signed JSON Web Tokens with the claims of a real app-only token, and their check at the API. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type JsonWebKey } from 'node:crypto';

export interface TokenClaims {
  readonly aud: string;
  readonly iss: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly tid: string;
  readonly appid: string;
  readonly appidacr: '1' | '2';
  readonly oid: string;
  readonly roles?: readonly string[];
  readonly uti: string;
}

export interface TokenMint {
  mint(claims: TokenClaims): string;
  /** The claims of a token of this mint; undefined for any other text. Expiry and audience are the caller's to judge. */
  read(token: string): TokenClaims | undefined;
  /** From now on this token is none. */
  revoke(token: string): void;
  /** The public half of the key, for those who want to verify. */
  readonly jwks: { readonly keys: readonly JsonWebKey[] };
}

/** How many tokens are remembered, as good, so that a request costs a look-up and not a signature, and as revoked. */
const REMEMBERED_LIMIT = 10_000;

/** Makes a mint with a fresh key. Entra signs with RSA; an elliptic curve saves each simulator the quarter of a second that an RSA key takes to find. */
export function createTokenMint(): TokenMint {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  // keys of their own: one that shares its lock with what has generated it stops Node 20 for ever, when that is collected while the key is exported
  const [privateKey, publicKey] = [createPrivateKey(pair.privateKey), createPublicKey(pair.publicKey)];
  const kid = createHash('sha1').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64url');
  const header = encode({ typ: 'JWT', alg: 'ES256', kid });
  const good = new Map<string, TokenClaims>();
  const revoked = new Set<string>();

  const remember = (token: string, claims: TokenClaims): TokenClaims => {
    makeRoom(good);
    good.set(token, claims);
    return claims;
  };
  return {
    jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid }] },
    mint: (claims) => {
      const body = `${header}.${encode({ ...claims, ver: '1.0', idp: claims.iss, sub: claims.oid })}`;
      const token = `${body}.${sign('sha256', Buffer.from(body), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
      remember(token, claims);
      return token;
    },
    read: (token) => {
      if (revoked.has(token)) return undefined;
      const known = good.get(token);
      if (known !== undefined) return known;
      const end = token.lastIndexOf('.');
      const body = token.slice(0, end);
      const signature = Buffer.from(token.slice(end + 1), 'base64url');
      if (!body.startsWith(`${header}.`) || !verify('sha256', Buffer.from(body), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)) return undefined;
      return remember(token, JSON.parse(Buffer.from(body.slice(header.length + 1), 'base64url').toString('utf8')) as TokenClaims);
    },
    revoke: (token) => {
      makeRoom(revoked);
      revoked.add(token);
    },
  };
}

function makeRoom(remembered: Map<string, unknown> | Set<string>): void {
  for (const oldest of remembered.keys()) {
    if (remembered.size < REMEMBERED_LIMIT) return;
    remembered.delete(oldest);
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
