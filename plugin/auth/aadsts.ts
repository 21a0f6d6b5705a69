/**
 * Refusals of the token endpoint. Microsoft asks programs not to depend on AADSTS numbers: whether to try again is decided by `error` and the
 * HTTP status; the number picks the sentence for the operator, and says of a few that they pass by themselves.
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
interface Meaning {
  readonly meaning: string;
  readonly repair: string;
  /** passes = it goes away by itself; patience = so does it, if the program keeps quiet for some minutes. */
  readonly course?: 'passes' | 'patience';
}

const SECRET = 'the client secret is wrong';
const NEW_SECRET = 'Create a new client secret for the application in Entra and configure its value, not its id.';
const APPLICATION = 'Check application_id and the tenant, and that the application is enabled there and an administrator has consented.';
const TENANT = 'Check the tenant\'s id or domain, and that api.authentication_endpoint is the login host of its cloud.';
const CERTIFICATE = 'Upload the certificate to the application in Entra, or configure the one that is registered there. If it is the same one, set var.certificate_thumbprint: sha1, which a few tenants still need.';
const FEDERATED = 'Compare issuer, subject and audience of the token with the federated credentials of the application in Entra.';
const RESOURCE = 'Check that api.resource is the API host of the tenant\'s cloud, and that the application has permissions of "Office 365 Management APIs".';
const CONSENT = 'Give the application ActivityFeed.Read of "Office 365 Management APIs", and let an administrator consent.';
const POLICY = 'Ask whoever keeps the tenant\'s Conditional Access policies to exempt this application.';
const REPORT = 'Report this: the program asked in a wrong way.';
const WAIT = 'Nothing: it is tried again.';

export const AADSTS: Readonly<Record<number, Meaning>> = {
  7000215: { meaning: SECRET, repair: NEW_SECRET },
  7000222: { meaning: 'the client secret has expired', repair: NEW_SECRET },
  7000218: { meaning: 'the request carried neither secret nor assertion', repair: REPORT },
  700016: { meaning: 'the application is not known in this tenant', repair: APPLICATION },
  7000112: { meaning: 'the application is disabled', repair: APPLICATION },
  70001: { meaning: 'the application is not known or disabled in this tenant', repair: APPLICATION },
  90002: { meaning: 'there is no such tenant at this login host', repair: TENANT },
  900023: { meaning: 'the tenant is neither a GUID nor a known domain', repair: TENANT },
  90038: { meaning: 'the tenant lives in another national cloud', repair: TENANT },
  900382: { meaning: 'the application may not sign in across clouds', repair: TENANT },
  900432: { meaning: 'the application may not sign in across clouds', repair: TENANT },
  9001023: { meaning: 'client credentials need a tenant of their own, not a common endpoint', repair: TENANT },
  50194: { meaning: 'the application belongs to a single tenant, and not to this one', repair: TENANT },
  700027: { meaning: 'the certificate is not registered for the application', repair: CERTIFICATE },
  700030: { meaning: 'the subject of the certificate is not allowed', repair: CERTIFICATE },
  700024: { meaning: 'the signed assertion is outside its time', repair: 'Set this machine\'s clock right.' },
  700021: { meaning: 'the signed assertion names another application', repair: REPORT },
  50027: { meaning: 'the signed assertion is malformed', repair: REPORT },
  70021: { meaning: 'no federated credential of the application fits the token', repair: FEDERATED },
  700211: { meaning: 'no federated credential of the application has the issuer of the token', repair: FEDERATED },
  700212: { meaning: 'no federated credential of the application has the audience of the token', repair: FEDERATED },
  700213: { meaning: 'no federated credential of the application has the subject of the token', repair: FEDERATED },
  7000229: { meaning: 'the application has no service principal in this tenant', repair: APPLICATION },
  500011: { meaning: 'the API is not known in this tenant', repair: RESOURCE },
  70011: { meaning: 'the scope is not valid', repair: RESOURCE },
  700022: { meaning: 'the scope names several resources', repair: RESOURCE },
  // Documented for scopes, and seen for assertions.
  700023: { meaning: 'the signed assertion is for another login host, or the scope names no resource', repair: TENANT },
  1002012: { meaning: 'the scope is not a default scope', repair: RESOURCE },
  901002: { meaning: 'the request carried a resource parameter', repair: REPORT },
  900144: { meaning: 'a parameter is missing in the request', repair: REPORT },
  53003: { meaning: 'a Conditional Access policy blocks the application', repair: POLICY },
  530032: { meaning: 'a security policy of the tenant blocks the application', repair: POLICY },
  530035: { meaning: 'the security defaults of the tenant block the application', repair: POLICY },
  65001: { meaning: 'nobody has consented to the application', repair: CONSENT },
  650052: { meaning: 'the tenant has not subscribed to the API', repair: RESOURCE },
  650057: { meaning: 'the API is not among the application\'s permissions', repair: CONSENT },
  50196: { meaning: 'the program asked for tokens too often', repair: WAIT, course: 'patience' },
  90055: { meaning: 'the tenant is throttled for too many requests', repair: WAIT, course: 'patience' },
  90006: { meaning: 'the service failed for a moment', repair: WAIT, course: 'passes' },
  90012: { meaning: 'the request took too long', repair: WAIT, course: 'passes' },
  90024: { meaning: 'the request was blocked for a moment', repair: WAIT, course: 'passes' },
  90033: { meaning: 'the service is not available for a moment', repair: WAIT, course: 'passes' },
  90090: { meaning: 'the service failed for a moment', repair: WAIT, course: 'passes' },
};

const BY_ERROR: Readonly<Record<string, Meaning>> = {
  invalid_client: { meaning: 'the application\'s credential was not accepted', repair: NEW_SECRET },
  unauthorized_client: { meaning: 'the application is not allowed to sign in', repair: APPLICATION },
  invalid_scope: { meaning: 'the scope is not valid', repair: RESOURCE },
  invalid_resource: { meaning: 'the API is not known in this tenant', repair: RESOURCE },
};

export interface TokenRefusal {
  readonly meaning: string;
  readonly repair: string;
  readonly course: 'stays' | 'passes' | 'patience';
  /** What Entra itself called it: `invalid_client, AADSTS7000215`. */
  readonly name: string;
}

/** What a refusing answer of the token endpoint means; `body` is its parsed JSON. */
export function readRefusal(status: number, body: Readonly<Record<string, unknown>>): TokenRefusal {
  // Anything but a plain name might be an echo of the request.
  const error = typeof body.error === 'string' && /^[a-z_]{1,40}$/.test(body.error) ? body.error : 'no error name';
  const number = numberOf(body);
  const known = (number === undefined ? undefined : AADSTS[number]) ?? BY_ERROR[error];
  const passing = status === 429 || status >= 500 || error === 'temporarily_unavailable' || error === 'server_error';
  return {
    meaning: known?.meaning ?? (passing ? 'the login service is not able to answer' : 'the request was refused'),
    repair: known?.repair ?? (passing ? WAIT : 'Look the number up at https://login.microsoftonline.com/error.'),
    course: known?.course ?? (passing ? 'passes' : 'stays'),
    name: [error, ...(number === undefined ? [] : [`AADSTS${number}`]), `HTTP ${status}`].join(', '),
  };
}

/** Whether a refusal is of the proof itself, so that another one might fare better. */
export function refusesProof(body: Readonly<Record<string, unknown>>): boolean {
  return body.error === 'invalid_client';
}

function numberOf(body: Readonly<Record<string, unknown>>): number | undefined {
  const codes = body.error_codes;
  if (Array.isArray(codes) && typeof codes[0] === 'number') return codes[0];
  const described = typeof body.error_description === 'string' ? /AADSTS(\d{4,8})/.exec(body.error_description) : null;
  return described?.[1] === undefined ? undefined : Number(described[1]);
}
