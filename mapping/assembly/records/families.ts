/**
 * Which file knows a record type. To add one: a row here, its function in the family's file, its fields in mapping/fields.yml, its cases in
 * test/mapping/cases.
 */
import { Vocabulary } from '../generated/vocabulary';
import { mapAlert, mapForeignAlert, mapRisk } from './alerts';
import { mapDlp, mapDlpEndpoint, mapDlpMail } from './data-loss-prevention';
import { mapDirectory } from './directory';
import { mapCmdlet } from './exchange-admin';
import { mapMailbox } from './mailbox';
import { mapSharePointFileOperation, mapSharePointSite } from './sharepoint';
import { mapAccountLogon, mapSignIn } from './sign-in';
import { mapTeams } from './teams';
import { mapInvestigation, mapMailState, mapThreatFile, mapThreatMail, mapThreatUrl } from './threats';
import { mapVivaEngage } from './viva-engage';

/** Does what only this record type needs; of the others the generic rules say all there is (R590). */
export function mapFamily(recordType: u32): void {
  switch (recordType) {
    case 1: case 10: case 18: case 23: case 57: case 87: return mapCmdlet();
    case 2: case 3: case 19: case 50: return mapMailbox();
    case 4: case 7: case 36: case 37: case 54: case 55: case 56: case 71: case 102: case 205: case 277: case 336: return mapSharePointSite();
    case 6: case 14: return mapSharePointFileOperation();
    case 8: return mapDirectory();
    case 9: return mapAccountLogon();
    case 15: case 275: return mapSignIn();
    case 11: return mapDlp();
    case 13: return mapDlpMail();
    case 33: case 63: case 99: case 100: case 107: case 285: case 286: return mapDlpEndpoint();
    case 22: return mapVivaEngage();
    case 25: return mapTeams();
    case 28: return mapThreatMail();
    case 41: return mapThreatUrl();
    case 47: return mapThreatFile();
    case 29: case 51: case 65: case 154: return mapMailState();
    case 40: return mapAlert();
    case 64: case 86: case 89: return mapInvestigation();
    case 78: case 98: case 113: case 235: return mapForeignAlert();
    case 292: case 294: case 306: case 307: case 308: return mapRisk();
    default: return;
  }
}

/** Where the words of this record type's operations are looked up first. */
export function scopeOf(recordType: u32): Vocabulary {
  if (recordType == 8) return Vocabulary.operation_8;
  if (recordType == 22) return Vocabulary.operation_22;
  return recordType == 25 ? Vocabulary.operation_25 : Vocabulary.operation;
}
