/**
 * Teams (25). Its admin cmdlets (57) are in exchange-admin.ts.
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#microsoft-teams-schema
 */
import { textOfProperty } from '../captured';
import { operation } from '../common/event';
import { isPrincipalName, setTarget } from '../common/identity';
import { set } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { same } from '../json/span';
import { word } from '../words';

/** R560: what was done is in the table of operations; here are the team (R416) and the user that was deleted (R302). Members go to related.user. */
export function mapTeams(): void {
  set(Field.group_name, textOfProperty(Property.TeamName));
  set(Field.group_id, textOfProperty(Property.AADGroupId));
  if (textOfProperty(Property.AADGroupId) == 0) set(Field.group_id, textOfProperty(Property.TeamGuid));
  const object = textOfProperty(Property.ObjectId);
  if (same(operation, word(Word.Delete_user)) && isPrincipalName(object)) setTarget(object);
}
