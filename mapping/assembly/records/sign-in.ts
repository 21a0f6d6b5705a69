/**
 * Logons: through the token service (15), old account logons (9), Outlook on the web (275).
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#azure-active-directory-secure-token-service-sts-logon-schema
 */
import { operation } from '../common/event';
import { addLogon } from '../common/kind';
import { contains } from '../common/organization';
import { Type, Vocabulary, Word } from '../generated/vocabulary';
import { lookupText } from '../names';

/** R512: every event of the token service is a logon; whether it failed is in its operation (R108). R511: so is every one of Outlook on the web. What ends a session begins none. */
export function mapSignIn(): void {
  if (((lookupText(Vocabulary.operation, operation) >> 8) & Type.end) == 0) addLogon();
}

/** R511: of the old account logons those that say so. */
export function mapAccountLogon(): void {
  if (contains(operation, Word.Logon)) addLogon();
}
