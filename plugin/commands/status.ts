/** `o365audit status`: how a collector stands, from its state directory, whether it runs or not; one that cannot write there says so itself. It changes nothing and needs no secret. */
import { join } from 'node:path';
import { STANDING_FILE } from '../collect/rooms.ts';
import { loadStateOptions } from '../config/config.ts';
import type { ArgumentsOf, OptionsOf } from '../config/options.ts';
import { failure } from '../errors.ts';
import { countLetters } from '../ledger/dead-letters.ts';
import { readKeptText } from '../ledger/kept-text.ts';
import { holderOf, lookInto, surveyLedger, type Survey } from '../ledger/survey.ts';
import { noCounts } from '../telemetry/counts.table.ts';
import { standingAsJson } from '../telemetry/standing-json.ts';
import { standingPage, type LossNote, type StandingReport } from '../telemetry/standing-page.ts';
import { feedsOf, readStanding, STANDING_VERSION, type FeedStanding, type Standing } from '../telemetry/standing.ts';
import { problemsOf } from '../telemetry/verdict.ts';
import { CONTENT_TYPES, type ContentType, type Surroundings } from '../types.ts';

/** From where on something needs attention. */
type Limits = Pick<OptionsOf<'status'>, 'lagLimitMs' | 'deadLettersLimit' | 'deadLettersBytes'>;

/** Resolves with 0 when all is well and with 1 when something needs attention. Throws CONFIG_…, LEDGER_DIRECTORY and STATUS_NOTHING, whose exit status is 2. */
export async function status({ flags }: ArgumentsOf<'status'>, { env, stdout, clock }: Surroundings): Promise<number> {
  const { stateDir, json, ...limits } = loadStateOptions('status', { flags, env });
  const report = await reportOf(stateDir, limits, clock.nowMs());
  stdout.write(json ? `${JSON.stringify(standingAsJson(report))}\n` : standingPage(report));
  return report.problems.length === 0 ? 0 : 1;
}

async function reportOf(directory: string, { lagLimitMs, deadLettersLimit, deadLettersBytes }: Limits, nowMs: number): Promise<StandingReport> {
  const holder = await holderOf(directory);
  const text = await lookInto(directory, () => readKeptText(join(directory, STANDING_FILE)));
  const surveys = await surveyLedger(directory, nowMs);
  const kept = text === undefined ? undefined : readStanding(text);
  if (kept === undefined && surveys.length === 0 && holder?.unwritten === undefined) throw failure('STATUS_NOTHING', { directory });
  const isRunning = holder !== undefined;
  const standing = withoutRepaired(withJournals(kept, surveys, isRunning), surveys);
  const names = new Map(Object.entries(standing.tenants).map(([id, { name }]) => [id, name]));
  const letters = { ...await lookInto(directory, () => countLetters(directory)), countLimit: deadLettersLimit, bytesLimit: deadLettersBytes };
  return {
    standing, directory, isRunning, nowMs, deadLetters: letters.count,
    problems: [...problemsOf(standing, { nowMs, lagLimitMs, isRunning, unwritten: holder?.unwritten, letters }), ...surveys.flatMap(problemsOfJournal)],
    losses: surveys.flatMap((survey) => lossesOf(survey, names.get(survey.tenantId) ?? survey.tenantId)).sort((left, right) => left.atMs - right.atMs),
  };
}

/** What the run last said of itself, and where none runs what the journals say: after a kill they know more. */
function withJournals(kept: Standing | undefined, surveys: readonly Survey[], isRunning: boolean): Standing {
  const { tenants = {}, ...run } = kept ?? { version: STANDING_VERSION, program: '(unknown)', processId: 0, startedMs: 0, writtenMs: 0 };
  if (isRunning && kept !== undefined) return kept;
  const surveyed = surveys.filter(({ tenantId }) => kept === undefined || tenantId in tenants).map(({ tenantId, state }): [string, Standing['tenants'][string]] => {
    const { feeds = {}, name = tenantId, ...rest } = tenants[tenantId] ?? {};
    const types = CONTENT_TYPES.filter((type) => kept === undefined ? state.listedUntilMs.has(type) : type in feeds);
    return [tenantId, { name, ...rest, feeds: Object.fromEntries(types.map((type) => [type, feedOf(type, feeds[type], state)])) }];
  });
  return { ...run, tenants: { ...tenants, ...Object.fromEntries(surveyed) } };
}

/** A loss that an operator had fetched after all is no news any more: the journals know which were, the counters do not. */
function withoutRepaired(standing: Standing, surveys: readonly Survey[]): Standing {
  const states = new Map(surveys.map(({ tenantId, state }) => [tenantId, state]));
  const tenants = Object.entries(standing.tenants).map(([id, tenant]) => {
    const { losses, lostWindows } = states.get(id) ?? {};
    const feeds = feedsOf(tenant).map(([type, { lastLostMs, ...feed }]) => {
      const isLost = losses === undefined || [...losses, ...lostWindows ?? []].some(({ contentType }) => contentType === type);
      return [type, isLost && lastLostMs !== undefined ? { ...feed, lastLostMs } : feed] as const;
    });
    return [id, { ...tenant, feeds: Object.fromEntries(feeds) }] as const;
  });
  return { ...standing, tenants: Object.fromEntries(tenants) };
}

function feedOf(type: ContentType, kept: FeedStanding | undefined, state: Survey['state']): FeedStanding {
  const { owed, listedUntilMs } = state;
  const { counts, trouble, lastListedMs, lastDeliveredMs, lastLostMs } = kept ?? { counts: noCounts() };
  const blobs = [...owed.values()].filter(({ contentType }) => contentType === type);
  const oldestOwedMs = blobs.reduce((oldest, { contentCreated }) => Math.min(oldest, Date.parse(contentCreated)), Infinity);
  const feed = { counts, owed: blobs.length, parked: blobs.filter((blob) => state.parkedOf(blob) !== undefined).length, trouble, lastListedMs, lastDeliveredMs, lastLostMs, listedUntilMs: listedUntilMs.get(type), oldestOwedMs: Number.isFinite(oldestOwedMs) ? oldestOwedMs : undefined };
  return Object.fromEntries(Object.entries(feed).filter(([, value]) => value !== undefined)) as unknown as FeedStanding;
}

function problemsOfJournal({ file, badLines, isNewer }: Survey): StandingReport['problems'] {
  if (isNewer) return [{ sentence: `The journal ${file} is of a newer version`, repair: 'Use the newer version again; this one would put the journal aside, and begin anew from what the service still has.' }];
  if (badLines > 0) return [{ sentence: `${badLines} lines of the journal ${file} are damaged`, repair: 'The collector mends it when it is started the next time. Look to the disk.' }];
  return [];
}

function lossesOf({ state }: Survey, tenant: string): readonly LossNote[] {
  return [
    ...state.losses.map(({ contentType, contentId, reason, atMs }) => ({ tenant, contentType, what: `the content blob ${contentId}`, reason, atMs })),
    ...state.lostWindows.map(({ contentType, startMs, endMs, reason, atMs }) => ({
      tenant, contentType, what: `everything from ${new Date(startMs).toISOString()} to ${new Date(endMs).toISOString()}`, reason, atMs,
    })),
  ];
}
