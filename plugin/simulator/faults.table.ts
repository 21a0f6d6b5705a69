/**
 * Everything the simulated service can do wrong, in one table: each seen on the wire, coded for by a shipped client, or plausible. A fault's
 * parameters stand here with their defaults. The documentation's list and `GET /simulator/faults` are made from this table.
 *
 * `count` says what one use of a fault is: an answer, an element of a listing, a token, or (at once) something that is added to the feed in
 * the moment when the fault is switched on.
 */
export type FaultParameter = string | number | boolean;

interface FaultRow {
  readonly area: 'records' | 'blobs' | 'listing' | 'content URIs' | 'bodies' | 'subscriptions' | 'permissions' | 'tokens' | 'errors' | 'connections' | 'service';
  readonly count: 'answer' | 'element' | 'token' | 'at once' | 'switch';
  readonly sentence: string;
  readonly parameters: Readonly<Record<string, FaultParameter>>;
}

/** How an error body is written: Microsoft's JSON, its single-quoted relative, a page, nothing, or JSON that ends early. */
export const ERROR_FORMS = ['json', 'single-quoted', 'html', 'empty', 'cut-off'] as const;

export type ErrorForm = typeof ERROR_FORMS[number];

export const FAULTS = {
  // What is in the records.
  'duplicate-record': { area: 'records', count: 'answer', sentence: 'A blob holds its first record twice.', parameters: {} },
  'record-in-two-blobs': { area: 'records', count: 'at once', sentence: 'A new blob repeats the records of the oldest one of the content type, days after it.', parameters: {} },
  'dlp-in-both-feeds': { area: 'records', count: 'at once', sentence: 'A DLP record appears in DLP.All and, with the same Id and without its detections, in the feed of its workload.', parameters: {} },
  'event-without-id': { area: 'records', count: 'at once', sentence: 'A new blob holds a record without Id among others.', parameters: {} },
  'reversed-members': { area: 'records', count: 'answer', sentence: 'The members of a blob\'s records stand in the reverse order.', parameters: {} },
  'null-fields': { area: 'records', count: 'at once', sentence: 'A new blob holds records in which every optional field is null.', parameters: {} },
  'huge-event': { area: 'records', count: 'at once', sentence: 'A new blob holds one record of many megabytes among others.', parameters: { mebibytes: 8 } },

  // Which blobs there are, and whether they can be had.
  'big-blob': { area: 'blobs', count: 'at once', sentence: 'A new blob of many megabytes.', parameters: { mebibytes: 12 } },
  'late-blob': { area: 'blobs', count: 'at once', sentence: 'A blob appears now whose contentCreated lies in the past, in windows that were listed long ago.', parameters: { ageMs: 1_800_000 } },
  'short-lived-blob': { area: 'blobs', count: 'at once', sentence: 'A new blob expires after seconds, not after seven days.', parameters: { seconds: 10 } },
  'blob-missing': { area: 'blobs', count: 'answer', sentence: 'A blob answers 404 with the body of an unknown route.', parameters: {} },
  'blob-unknown': { area: 'blobs', count: 'answer', sentence: 'A blob that was listed is refused with AF20050.', parameters: { status: 400 } },
  'blob-expired': { area: 'blobs', count: 'answer', sentence: 'A blob that was listed is refused with AF20051, long before its contentExpiration.', parameters: { status: 400 } },
  'blob-invalid': { area: 'blobs', count: 'answer', sentence: 'A blob that was listed is refused with AF20052.', parameters: { status: 400 } },

  // How a listing looks.
  'listed-though-expired': { area: 'listing', count: 'answer', sentence: 'A listing names one more blob, whose contentExpiration has passed and which answers AF20051.', parameters: {} },
  'blob-on-two-pages': { area: 'listing', count: 'answer', sentence: 'The last blob of a page stands on the next page again.', parameters: {} },
  'shuffled-page': { area: 'listing', count: 'answer', sentence: 'The blobs of a page stand in no order.', parameters: {} },
  'newest-first': { area: 'listing', count: 'answer', sentence: 'The newest blobs stand on the first page.', parameters: {} },
  'empty-page': { area: 'listing', count: 'answer', sentence: 'A page holds nothing but has a next page.', parameters: {} },
  'next-page-loops': { area: 'listing', count: 'answer', sentence: 'The next page of a page is that page.', parameters: {} },
  'next-page-refused': { area: 'listing', count: 'answer', sentence: 'A request for a next page is refused with AF20031.', parameters: {} },
  'next-page-header': { area: 'listing', count: 'answer', sentence: 'The NextPageUri header is spelled another way (nextpageuri, NextPageUrl).', parameters: { name: 'NextPageUrl' } },
  'next-page-lower-case': { area: 'listing', count: 'answer', sentence: 'The parameter in NextPageUri is spelled nextpage.', parameters: {} },
  'next-page-publisher': { area: 'listing', count: 'answer', sentence: 'NextPageUri carries the PublisherIdentifier of the request.', parameters: {} },
  'next-page-without-times': { area: 'listing', count: 'answer', sentence: 'NextPageUri has no startTime and no endTime.', parameters: {} },
  'next-page-other-host': { area: 'listing', count: 'answer', sentence: 'NextPageUri points at another host.', parameters: { origin: 'https://manage.example.net' } },
  'partial-blob': { area: 'listing', count: 'switch', sentence: 'A window that starts inside the key range of a blob lists a part of it, with another contentId.', parameters: {} },
  'wide-window-answered': { area: 'listing', count: 'switch', sentence: 'A window of more than 24 hours is answered with 200 and a part of its blobs.', parameters: {} },
  'full-day-refused': { area: 'listing', count: 'switch', sentence: 'A window of exactly 24 hours is refused with AF20055, as one client measured in 2026.', parameters: {} },
  'window-refused': { area: 'listing', count: 'answer', sentence: 'A listing is refused with AF20055, whatever its window.', parameters: {} },
  'retention-grace': { area: 'listing', count: 'switch', sentence: 'A start up to one hour older than 7 days is accepted.', parameters: {} },

  'content-uri-localhost': { area: 'content URIs', count: 'element', sentence: 'A contentUri reads http://localhost/<another tenant>/activity/feed/audit/<id>.', parameters: {} },
  'content-uri-other-tenant': { area: 'content URIs', count: 'element', sentence: 'A contentUri names another tenant.', parameters: {} },
  'content-uri-nowhere': { area: 'content URIs', count: 'element', sentence: 'A contentUri leads to a path of the same host where there is nothing; the one of its contentId works.', parameters: {} },
  'content-uri-other-host': { area: 'content URIs', count: 'element', sentence: 'A contentUri points at another host.', parameters: { origin: 'https://manage.example.net' } },

  // What happens to a good answer on its way; `of: 'any'` means any answer of the API with 200, not blobs alone.
  'bare-object': { area: 'bodies', count: 'at once', sentence: 'A new blob is one bare object, without the array around it.', parameters: {} },
  'error-as-blob': { area: 'bodies', count: 'answer', sentence: 'A blob answers 200 with the JSON of an error.', parameters: { body: '{"error":{"code":"AF50000","message":"An internal error occurred. Retry the request."}}' } },
  'blob-not-json': { area: 'bodies', count: 'answer', sentence: 'A blob answers 200 with a page of HTML.', parameters: {} },
  'byte-order-mark': { area: 'bodies', count: 'answer', sentence: 'A blob begins with a UTF-8 byte order mark.', parameters: {} },
  'wrong-content-type': { area: 'bodies', count: 'answer', sentence: 'A blob has another content type than JSON.', parameters: { type: 'application/octet-stream' } },
  'gzip-unasked': { area: 'bodies', count: 'answer', sentence: 'A blob comes compressed though nobody asked for it.', parameters: {} },
  'truncated-body': { area: 'bodies', count: 'answer', sentence: 'A body ends early and the connection with it; Content-Length had promised more.', parameters: { share: 0.5, of: 'blob' } },
  'truncated-body-no-length': { area: 'bodies', count: 'answer', sentence: 'A body ends early without Content-Length: the answer looks whole, its JSON is cut off.', parameters: { share: 0.5, of: 'blob' } },
  'connection-reset-in-body': { area: 'bodies', count: 'answer', sentence: 'The connection is reset in mid-body.', parameters: { share: 0.5, of: 'blob' } },
  'slow-drip': { area: 'bodies', count: 'answer', sentence: 'A body drips in small pieces.', parameters: { bytes: 1024, everyMs: 50, of: 'blob' } },
  'stalled-body': { area: 'bodies', count: 'answer', sentence: 'A body stops in the middle and the connection stays open.', parameters: { share: 0.5, of: 'blob' } },

  'subscription-forgotten': { area: 'subscriptions', count: 'answer', sentence: 'The subscription is gone: AF20022 until it is started.', parameters: {} },
  'subscription-disabled': { area: 'subscriptions', count: 'answer', sentence: 'The subscription was disabled: AF20023 until it is started.', parameters: { message: 'The subscription was disabled.' } },
  'subscription-stays-disabled': { area: 'subscriptions', count: 'switch', sentence: 'Starting a disabled subscription answers 200 and changes nothing.', parameters: {} },
  'subscription-without-status': { area: 'subscriptions', count: 'answer', sentence: 'An element of the subscription list has no status.', parameters: {} },
  'start-limit': { area: 'subscriptions', count: 'switch', sentence: 'A second start of a content type within 15 minutes is refused with AF429.', parameters: { status: 429, minutes: 15 } },

  'no-permission': { area: 'permissions', count: 'token', sentence: 'A new token has no roles: AF10001 with () for everything. Switching it off is the consent; older tokens stay poor.', parameters: {} },
  'no-dlp-permission': { area: 'permissions', count: 'token', sentence: 'A new token lacks ActivityFeed.ReadDlp: AF10001 for DLP.All only. Switching it off is the consent.', parameters: {} },
  'strict-tenant': { area: 'permissions', count: 'switch', sentence: 'A path whose tenant is not the token\'s is refused with AF20010; else the token decides.', parameters: {} },
  'auditing-off': { area: 'permissions', count: 'switch', sentence: 'Unified audit logging is off: AF20011 that names the tenant as unknown.', parameters: { status: 400 } },

  'expired-token': { area: 'tokens', count: 'answer', sentence: 'The token of a request has expired early: 401 from now on, until another one is asked for.', parameters: {} },
  'short-token': { area: 'tokens', count: 'token', sentence: 'A new token lives for a short time only.', parameters: { seconds: 120 } },
  'token-error': { area: 'tokens', count: 'answer', sentence: 'The token endpoint refuses with an AADSTS number of the table.', parameters: { aadsts: 7000215 } },
  'token-error-body': { area: 'tokens', count: 'answer', sentence: 'The token endpoint answers this status and this body.', parameters: { status: 503, body: 'Service Unavailable' } },
  'assertion-once': { area: 'tokens', count: 'switch', sentence: 'An assertion whose jti was used before is refused with AADSTS700027; Entra ID takes it again, and Microsoft\'s libraries rely on that.', parameters: {} },
  'sha1-only': { area: 'tokens', count: 'switch', sentence: 'Assertions with x5t#S256 are refused with AADSTS700027, as some tenants did.', parameters: {} },

  'api-error': { area: 'errors', count: 'answer', sentence: 'The API refuses with this AF code, in this form: json, single-quoted, html, empty or cut-off.', parameters: { code: 'AF50000', status: 0, message: '', form: 'json', retryAfter: '' } },
  throttled: { area: 'errors', count: 'answer', sentence: 'The API answers AF429, whatever the quota says.', parameters: { status: 403, form: 'single-quoted', retryAfter: '' } },
  'throttle-answer': { area: 'errors', count: 'switch', sentence: 'AF429 of the quota itself comes with this status, form and Retry-After.', parameters: { status: 429, form: 'json', retryAfter: '30' } },
  unavailable: { area: 'errors', count: 'answer', sentence: 'The front door answers this status with a page of HTML.', parameters: { status: 503, retryAfter: '' } },
  'request-timeout': { area: 'errors', count: 'answer', sentence: 'The front door answers 408 with a page of HTML.', parameters: {} },
  'empty-error': { area: 'errors', count: 'answer', sentence: 'The API answers this status and nothing else.', parameters: { status: 401 } },
  redirect: { area: 'errors', count: 'answer', sentence: 'The API redirects to another host.', parameters: { status: 302, location: 'https://manage.example.net/' } },

  'connection-reset': { area: 'connections', count: 'answer', sentence: 'The connection is reset before anything is answered.', parameters: {} },
  'no-answer': { area: 'connections', count: 'answer', sentence: 'A request is read and never answered.', parameters: {} },
  delay: { area: 'connections', count: 'answer', sentence: 'An answer comes late.', parameters: { ms: 5000 } },

  'clock-skew': { area: 'service', count: 'switch', sentence: 'The clock of the service is off: Date, windows, expiry and tokens go by it.', parameters: { ms: 600_000 } },
} as const satisfies Record<string, FaultRow>;

export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

/** The faults that happen in the moment when they are switched on. */
export type ActName = { [Name in FaultName]: (typeof FAULTS)[Name]['count'] extends 'at once' ? Name : never }[FaultName];

type Widened<Value> = Value extends string ? string : Value extends number ? number : boolean;
/** The parameters of a fault, with their defaults filled in. */
export type FaultParameters<Name extends FaultName> = { readonly [Key in keyof (typeof FAULTS)[Name]['parameters']]: Key extends 'form' ? ErrorForm : Widened<(typeof FAULTS)[Name]['parameters'][Key]> };

/** The table as Markdown, a list an area, for the documentation. */
export function faultsAsMarkdown(): string {
  const areas = [...new Set(FAULT_NAMES.map((name) => FAULTS[name].area))];
  return areas.map((area) => `### ${area.charAt(0).toUpperCase()}${area.slice(1)}\n\n${FAULT_NAMES.filter((name) => FAULTS[name].area === area).map(line).join('\n')}\n`).join('\n');
}

function line(name: FaultName): string {
  const { sentence, parameters, count } = FAULTS[name];
  const defaults = Object.entries(parameters).map(([key, value]) => `\`${key}\` (${value === '' ? 'none' : `\`${String(value)}\``})`).join(', ');
  return `- \`${name}\`: ${sentence} Counted by: ${count}.${defaults === '' ? '' : ` Parameters: ${defaults}.`}`;
}
