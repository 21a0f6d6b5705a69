/** Puts saved objects into Kibana, by its API: https://www.elastic.co/docs/api/doc/kibana/operation/operation-post-saved-objects-import */
import { failure } from '../errors.ts';
import type { HttpRequest } from '../types.ts';
import { authorizationOf, type StoreCredentials } from './authorization.ts';
import { at, isObject, listAt, textAt } from './json.ts';

/** Where Kibana is, and how to sign in: with the key or the name that Elasticsearch takes. */
export interface KibanaConnection extends StoreCredentials {
  /** Ends in a slash. */
  readonly url: URL;
  /** The space that gets them; the default one otherwise. */
  readonly space?: string | undefined;
}

const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const BOUNDARY = 'o365audit-saved-objects';
const REASONS_MAX = 5;

/**
 * Imports the lines of an export; objects of the same ids are replaced. Resolves with how many there are now. Rejects with KIBANA_REFUSED, and with NETWORK_
 * failures.
 */
export async function importSavedObjects(lines: string, { url, space, ...credentials }: KibanaConnection, request: HttpRequest, signal?: AbortSignal): Promise<number> {
  const authorization = authorizationOf(credentials);
  const response = await request(new URL(`${space === undefined ? '' : `s/${encodeURIComponent(space)}/`}api/saved_objects/_import?overwrite=true`, url), {
    method: 'POST',
    headers: { accept: 'application/json', 'kbn-xsrf': 'o365audit', 'content-type': `multipart/form-data; boundary=${BOUNDARY}`, ...(authorization === undefined ? {} : { authorization }) },
    body: `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="o365audit.ndjson"\r\ncontent-type: application/ndjson\r\n\r\n${lines}\r\n--${BOUNDARY}--\r\n`,
    ...(signal === undefined ? {} : { signal }),
  });
  const body = parsed(await response.text(ANSWER_BYTES_MAX));
  if (response.status === 200 && at(body, 'success') === true) return Number(at(body, 'successCount'));
  throw failure('KIBANA_REFUSED', { kibana: url.host, status: response.status, reason: reasonIn(body) });
}

/** In Kibana's words: what it says of the request, or of the objects that it did not take. */
function reasonIn(body: unknown): string {
  const ofObjects = listAt(body, 'errors').map((error) => `${textAt(error, 'type') ?? ''} ${textAt(error, 'id') ?? ''}: ${textAt(error, 'error', 'message') ?? textAt(error, 'error', 'type') ?? 'refused'}`);
  if (ofObjects.length > 0) return ofObjects.slice(0, REASONS_MAX).join('; ');
  return (textAt(body, 'message') ?? textAt(body, 'error') ?? 'it does not say why').replace(/\.$/, '');
}

function parsed(text: string): unknown {
  try {
    const body = JSON.parse(text) as unknown;
    return isObject(body) ? body : {};
  } catch {
    // Something on the way answered in Kibana's place; the status is what it says.
    return {};
  }
}
