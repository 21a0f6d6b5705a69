/** `o365audit state`: moves what is known of a tenant to another state directory or to another name, or takes over what Filebeat has delivered. */
import { basename, join } from 'node:path';
import { STANDING_FILE } from '../collect/rooms.ts';
import { loadStateOptions } from '../config/config.ts';
import type { ArgumentsOf } from '../config/options.ts';
import { isDomain, isGuid } from '../config/value.ts';
import { failure } from '../errors.ts';
import { countLetters } from '../ledger/dead-letters.ts';
import { keepText, readKeptText } from '../ledger/kept-text.ts';
import { fileNameOf, JOURNAL_SUFFIX } from '../ledger/ledger.ts';
import { exportLines, importCursors, importTenant, readFilebeatRegistry, renameTenant } from '../ledger/moving.ts';
import { holderOf, lookInto, surveyLedger } from '../ledger/survey.ts';
import { counted } from '../telemetry/counted.ts';
import type { Log } from '../telemetry/log.ts';
import { readStanding, STANDING_VERSION, type Standing } from '../telemetry/standing.ts';
import type { Surroundings } from '../types.ts';
import { openLog } from './log.ts';

/** What neither a file nor another name can carry: ids are hashed with a key of their directory and tenant. */
const EVENTS_STAY = 'It knows each content blob that was delivered, and not each event: one that was delivered and comes in another blob, too, is sent once more, and the store knows it by its id.\n';

/** Throws USAGE, CONFIG_…, LEDGER_…, STATE_… and FILEBEAT_REGISTRY failures; nothing was changed then. */
export async function state({ flags }: ArgumentsOf<'state'>, surroundings: Surroundings): Promise<number> {
  const { env } = surroundings;
  const { stateDir, action: [verb, subject, newName, ...more], filebeatRegistry, ...options } = loadStateOptions('state', { flags, env });
  const log = openLog(options, surroundings, 'warn');
  const [word] = verb === 'rename' ? more : [newName, ...more];
  if (word !== undefined) throw failure('USAGE', { reason: `there is no use for the word ${word}` });
  if (verb === 'export' && filebeatRegistry === undefined) await exportOne(stateDir, subject, surroundings);
  else if (verb === 'import' && filebeatRegistry !== undefined && subject === undefined) await importFilebeat(stateDir, filebeatRegistry, surroundings, log);
  else if (verb === 'import' && filebeatRegistry === undefined && subject !== undefined) await importOne(stateDir, subject, surroundings, log);
  else if (verb === 'rename' && filebeatRegistry === undefined && subject !== undefined && newName !== undefined) await renameOne(stateDir, subject, newName, surroundings, log);
  else throw failure('USAGE', { reason: 'Say state export [TENANT], state import FILE, state rename TENANT NEW-ID, or state import --filebeat-registry FOLDER' });
  return 0;
}

async function exportOne(directory: string, wanted: string | undefined, { clock, stderr, stdout }: Surroundings): Promise<void> {
  const surveys = await surveyLedger(directory, clock.nowMs());
  const [survey, ...others] = surveys.filter(({ tenantId }) => wanted === undefined || tenantId.toLowerCase() === wanted.toLowerCase());
  if (survey === undefined || others.length > 0) throw failure('STATE_TENANT_UNKNOWN', { directory, tenants: surveys.map(({ tenantId }) => tenantId).join(', ') || 'none' });
  if (await holderOf(directory) !== undefined) stderr.write('A collector works with this state: what it delivers from now on is not in the export, and would be delivered again elsewhere.\n');
  const standing = await standingIn(directory);
  const { count } = await lookInto(directory, () => countLetters(directory));
  if (count > 0) stderr.write(`${counted(count, 'event waits', 'events wait')} in dead letters, and ${count === 1 ? 'stays' : 'stay'} in ${directory}: deliver from there by o365audit replay --dead-letters.\n`);
  for (const line of exportLines(survey, standing?.tenants[survey.tenantId], clock.nowMs())) stdout.write(line);
}

async function importOne(directory: string, file: string, { clock, stderr }: Surroundings, log: Log): Promise<void> {
  const { tenantId, standing } = await importTenant(directory, file, clock, log);
  const nowMs = clock.nowMs();
  const there: Standing = await standingIn(directory) ?? { version: STANDING_VERSION, program: '', processId: 0, startedMs: nowMs, writtenMs: nowMs, ending: { atMs: nowMs, reason: 'a state was imported', isComplete: false }, tenants: {} };
  if (standing !== undefined) await keepText(join(directory, STANDING_FILE), `${JSON.stringify({ ...there, tenants: { ...there.tenants, [tenantId]: standing } })}\n`);
  stderr.write(`The tenant ${tenantId} is in ${directory}. Do not collect it from the old state directory any more.\n`
    + EVENTS_STAY);
}

/** For a tenant that the configuration names by its GUID now, and named by a domain before, or the reverse. */
async function renameOne(directory: string, tenantId: string, newId: string, { clock, stderr }: Surroundings, log: Log): Promise<void> {
  if (!isGuid(newId) && !isDomain(newId)) throw failure('USAGE', { reason: `${newId} is neither a tenant ID (a GUID) nor a domain` });
  const surveys = await surveyLedger(directory, clock.nowMs());
  if (!surveys.some(({ file }) => basename(file) === `${fileNameOf(tenantId)}${JOURNAL_SUFFIX}`)) throw failure('STATE_TENANT_UNKNOWN', { directory, tenants: surveys.map((survey) => survey.tenantId).join(', ') || 'none' });
  await renameTenant(directory, tenantId, newId, clock, log);
  const there = await standingIn(directory);
  const tenants = Object.entries(there?.tenants ?? {}).map(([id, tenant]) => [id.toLowerCase() === tenantId.toLowerCase() ? newId : id, tenant] as const);
  if (there !== undefined) await keepText(join(directory, STANDING_FILE), `${JSON.stringify({ ...there, tenants: Object.fromEntries(tenants) })}\n`);
  stderr.write(`The tenant ${tenantId} goes on as ${newId}. Name it so in the configuration before the collector is started.\n${EVENTS_STAY}`);
}

async function importFilebeat(directory: string, registry: string, { clock, stdout }: Surroundings, log: Log): Promise<void> {
  const cursors = await readFilebeatRegistry(registry);
  const noted = await importCursors(directory, cursors, clock, log);
  for (const cursor of cursors) {
    const fate = noted.includes(cursor) ? `goes on from ${new Date(cursor.untilMs).toISOString()}` : 'has been collected here already, and stays as it is';
    stdout.write(`${cursor.tenantId} ${cursor.contentType} ${fate}\n`);
  }
}

async function standingIn(directory: string): Promise<Standing | undefined> {
  const text = await lookInto(directory, () => readKeptText(join(directory, STANDING_FILE)));
  return text === undefined ? undefined : readStanding(text);
}
