/** How requests sign in to the store, and to the Kibana beside it, which takes the same. */

/** Without a key and a name nobody signs in. */
export interface StoreCredentials {
  /** `id:key`, or both in Base64 as Kibana shows them. It counts before name and password. */
  readonly apiKey?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** The header `authorization`; undefined when nobody signs in. */
export function authorizationOf({ apiKey, username, password }: StoreCredentials): string | undefined {
  if (apiKey !== undefined) return `ApiKey ${apiKey.includes(':') ? Buffer.from(apiKey).toString('base64') : apiKey}`;
  return username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
}
