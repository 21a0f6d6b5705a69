/**
 * The errors of the Management Activity API, with the HTTP status that each has on the wire or, where nobody has reported one, most likely has.
 * Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference#errors and, for the
 * words of AF10001, AF20023, AF20024, AF20052 and AF20055, answers quoted in public issue threads.
 */
export const API_ERRORS = {
  AF10001: { status: 401, message: 'The permission set ({0}) sent in the request does not include the expected permission.' },
  AF20001: { status: 400, message: 'Missing parameter: {0}.' },
  AF20002: { status: 400, message: 'Invalid parameter type: {0}. Expected type: {1}' },
  AF20003: { status: 400, message: 'Expiration {0} provided is set to past date and time.' },
  AF20010: { status: 400, message: 'The tenant ID passed in the URL ({0}) does not match the tenant ID passed in the access token ({1}).' },
  AF20011: { status: 400, message: 'Specified tenant ID ({0}) does not exist in the system or has been deleted.' },
  AF20012: { status: 400, message: 'Specified tenant ID ({0}) is incorrectly configured in the system.' },
  AF20013: { status: 400, message: 'The tenant ID passed in the URL ({0}) is not a valid GUID.' },
  AF20020: { status: 400, message: 'The specified content type is not valid.' },
  AF20021: { status: 400, message: 'The webhook endpoint ({0}) could not be validated. {1}' },
  AF20022: { status: 400, message: 'No subscription found for the specified content type.' },
  AF20023: { status: 400, message: 'The subscription was disabled.' },
  AF20024: { status: 400, message: 'The subscription is already enabled. No property change.' },
  AF20030: { status: 400, message: 'Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart, with the start time no more than 7 days in the past.' },
  AF20031: { status: 400, message: 'Invalid nextPage Input: {0}.' },
  AF20050: { status: 400, message: 'The specified content ({0}) does not exist.' },
  AF20051: { status: 400, message: 'Content requested with the key {0} has already expired. Content older than 7 days cannot be retrieved.' },
  AF20052: { status: 400, message: 'Blob key {0} in the url is invalid' },
  AF20053: { status: 400, message: 'Only one language may be present in the Accept-Language header.' },
  AF20054: { status: 400, message: 'Invalid syntax in Accept-Language header.' },
  AF20055: { status: 400, message: 'Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart, with the start time prior to end time and start time no more than 7 days in the past. StartTime:{0}, EndTime:{1}' },
  AF429: { status: 403, message: 'Too many requests. Method={0}, PublisherId={1}' },
  AF50000: { status: 500, message: 'An internal error occurred. Retry the request.' },
  AF50005: { status: 500, message: 'An internal error occurred. Retry the request.' },
  AF50006: { status: 500, message: 'An internal error occurred. Retry the request.' },
} as const satisfies Record<string, { readonly status: number; readonly message: string }>;

export type ApiErrorCode = keyof typeof API_ERRORS;
