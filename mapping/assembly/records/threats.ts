/**
 * Mail, links and files that Defender for Office 365 looked at (28, 41, 47), investigations (64), quarantine (65), hygiene (51), submissions (29) and the
 * encrypted message portal (154).
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#microsoft-defender-for-office-365-and-threat-investigation-and-response-schema
 */
import { textOfProperty } from '../captured';
import { setFileSize } from '../common/file';
import { addCategory } from '../common/kind';
import { set, setDefault } from '../document';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Category, Word } from '../generated/vocabulary';
import { memberText } from '../json/members';
import { same } from '../json/span';
import { Option, asked } from '../mode';
import { dataStart } from '../normalise/embedded';
import { word } from '../words';

/** R570: a message and its verdict. */
export function mapThreatMail(): void {
  addCategory(Category.email);
  if (same(textOfProperty(Property.Verdict), word(Word.Malware))) addCategory(Category.malware);
}

/** R570: a click on a link. */
export function mapThreatUrl(): void {
  set(Field.url_original, textOfProperty(Property.Url));
  setDefault(Field.url_original, textOfProperty(Property.URL));
}

/** R570: a malicious file. */
export function mapThreatFile(): void {
  addCategory(Category.file | Category.malware);
  set(Field.file_name, textOfProperty(Property.FileData_FileName));
  set(Field.file_path, textOfProperty(Property.FileData_FilePath));
  set(Field.file_hash_sha256, textOfProperty(Property.FileData_SHA256));
  setFileSize(textOfProperty(Property.FileData_FileSize));
}

/** R571: an investigation; what it found is in its data (R015, R016). */
export function mapInvestigation(): void {
  if (!asked(Option.rule_name_air)) return;
  if (dataStart != 0) set(Field.rule_name, memberText(dataStart, Word.AlertDisplayName));
  setDefault(Field.rule_name, textOfProperty(Property.InvestigationName));
}

/** R572: mail in another state. */
export function mapMailState(): void {
  addCategory(Category.email);
}
