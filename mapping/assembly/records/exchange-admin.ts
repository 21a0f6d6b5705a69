/**
 * Cmdlets: Exchange admin audit (1), datacenter (10), security and compliance (18), Skype for Business (23), Teams admin (57), compliance (87).
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#exchange-admin-schema
 */
import { mapServer } from '../common/client';
import { operation } from '../common/event';
import { addCategory, addType } from '../common/kind';
import { Category, Type, Vocabulary } from '../generated/vocabulary';
import { endOf, find, startOf, textOf } from '../json/span';
import { lower } from '../json/text';
import { lookupText } from '../names';

/** R500, R561: the verb says what was done to the configuration; some nouns are about rights. R205: the server. */
export function mapCmdlet(): void {
  mapServer();
  const dash = find(operation, 0x2d);
  if (dash == endOf(operation)) return;
  const verb = lower(textOf(startOf(operation), dash));
  const noun = lower(textOf(dash + 1, endOf(operation)));
  const type = lookupText(Vocabulary.cmdlet_verb, verb);
  if (type != 0 && type != Type.access && lookupText(Vocabulary.cmdlet_iam, noun) != 0) {
    addCategory(Category.iam);
    addType(Type.admin | Type.change);
  } else if (type != 0) {
    addCategory(Category.configuration);
    addType(type);
  }
}
