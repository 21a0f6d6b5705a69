/**
 * The codes of the Management Activity API in an operator's words; what the program does about each by itself is in classifier.ts.
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference#errors
 */
interface Meaning {
  readonly meaning: string;
  readonly repair: string;
}

const REPORT = 'Report this: the program asked in a wrong way.';
const TENANT = 'Check the tenant\'s id, and that var.cloud (or api.resource) is the cloud of the tenant.';
const NOTHING = 'Nothing: the program sees to it.';
const AGAIN = 'Nothing: it is tried again. See https://status.cloud.microsoft if it lasts.';

export const AF_CODES = {
  AF10001: { meaning: 'the application lacks the permission', repair: 'Give it ActivityFeed.Read of "Office 365 Management APIs" (for DLP.All also ActivityFeed.ReadDlp) as application permission, and let an administrator consent. Consent takes some minutes.' },
  AF20001: { meaning: 'a parameter is missing', repair: REPORT },
  AF20002: { meaning: 'a parameter is of another type than expected', repair: REPORT },
  AF20003: { meaning: 'the expiration of a webhook lies in the past', repair: REPORT },
  AF20010: { meaning: 'the token belongs to another tenant than the request', repair: TENANT },
  AF20011: { meaning: 'the tenant is not known to the service, mostly because auditing is off', repair: 'Switch auditing on in Microsoft Purview (Audit → Start recording); it takes up to an hour. Then check the tenant\'s id.' },
  AF20012: { meaning: 'the tenant is not set up correctly in the service', repair: 'Switch auditing off and on in Microsoft Purview; if that does not help, ask Microsoft\'s support.' },
  AF20013: { meaning: 'the tenant is not given by its GUID', repair: TENANT },
  AF20020: { meaning: 'the service does not have this content type', repair: 'Take it out of var.content_type.' },
  AF20021: { meaning: 'the webhook cannot be validated', repair: REPORT },
  AF20022: { meaning: 'there is no subscription for the content type', repair: 'Nothing: o365audit collect starts it. The first content can take up to 12 hours.' },
  AF20023: { meaning: 'the subscription was disabled', repair: 'Nothing: o365audit collect starts it again. If it keeps being disabled, ask an administrator of the tenant who does it.' },
  AF20024: { meaning: 'the subscription is on already', repair: NOTHING },
  AF20030: { meaning: 'the span of time is not allowed', repair: 'Check this machine\'s clock.' },
  AF20031: { meaning: 'the link to the next page is not accepted', repair: NOTHING },
  AF20050: { meaning: 'the blob does not exist', repair: NOTHING },
  AF20051: { meaning: 'the blob has expired', repair: 'Keep the collector running: content lives for seven days.' },
  AF20052: { meaning: 'the id of the blob is not valid here', repair: TENANT },
  AF20053: { meaning: 'more than one language was asked for', repair: 'Check which proxy adds to requests.' },
  AF20054: { meaning: 'the header Accept-Language is malformed', repair: 'Check which proxy adds to requests.' },
  AF20055: { meaning: 'the span of time is not allowed', repair: 'Check this machine\'s clock.' },
  AF429: { meaning: 'too many requests: the tenant\'s quota is used up', repair: 'Lower var.api.max_requests_per_minute if other programs read the same tenant.' },
  AF50000: { meaning: 'the service failed', repair: AGAIN },
  AF50005: { meaning: 'the service failed', repair: AGAIN },
  AF50006: { meaning: 'the service failed', repair: AGAIN },
} as const satisfies Record<string, Meaning>;

/** What a code of the service means; undefined for a code that is not known. */
export function meaningOf(code: string): Meaning | undefined {
  return Object.hasOwn(AF_CODES, code) ? AF_CODES[code as keyof typeof AF_CODES] : undefined;
}
