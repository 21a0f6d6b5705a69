/** GET resources/dlpSensitiveTypes: the names of the sensitive information types that DLP records mention by GUID. */
import { apiError, json, type Answer } from './answer.ts';

/** The types that the simulator's own DLP records find. */
export const SENSITIVE_TYPES = [
  { id: '50842eb7-edc8-4019-85dd-5a5c1f2bb085', name: 'Credit Card Number' },
  { id: 'a44669fe-0d48-453d-a9b1-2cc83f2cba77', name: 'U.S. Social Security Number (SSN)' },
  { id: '0e9b3178-9678-47dd-a509-37222ca96b42', name: 'EU Debit Card Number' },
  { id: 'e7dc4711-11b7-4cb0-b88b-2c394a771f0e', name: 'International Banking Account Number (IBAN)' },
] as const;

const LANGUAGE = /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i;

/** The list, in English whatever language was asked for. */
export function sensitiveTypes(acceptLanguage: string): Answer {
  const languages = acceptLanguage.split(',').map((one) => one.trim());
  if (languages.length > 1) return apiError('AF20053');
  if (!LANGUAGE.test(languages[0] ?? '') && acceptLanguage !== '*') return apiError('AF20054');
  return json(200, JSON.stringify(SENSITIVE_TYPES));
}
