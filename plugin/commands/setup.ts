/** `o365audit setup`: prepares Elasticsearch or OpenSearch for the documents, and shows what it changes before it does. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArgumentsOf } from '../config/options.ts';
import { AuditError, failure, reasonOf } from '../errors.ts';
import { dashboardFile } from '../report/dashboard.ts';
import type { Store } from '../store/client.ts';
import { OPTIONAL_TYPES, VARIANTS, type StoreFeatures } from '../store/features.ts';
import { STORE_FIELDS } from '../store/fields.table.ts';
import { findObstacles } from '../store/obstacles.ts';
import { ENRICHMENT, type StepState } from '../store/pipeline.ts';
import { applyChanges, joined, layoutOf, planRemoval, planResources, type Change, type Plan } from '../store/plan.ts';
import { formerPolicyNote, isManagedByIsm, planIsmPolicy, planIsmRelease, requireIlmPolicy, retentionNote } from '../store/policies.ts';
import { resourceFiles } from '../store/print.ts';
import type { Resource } from '../store/resources.ts';
import { describeServer, type StoreServer } from '../store/server.ts';
import { findStreams, planStreams, streamsThatNeedUs } from '../store/streams.ts';
import type { Surroundings } from '../types.ts';
import { openLog } from './log.ts';
import { DASHBOARD_FILE, setUpKibana } from './setup-kibana.ts';
import { resourcesFor, resourcesOf } from './store-resources.ts';
import { withStore } from './store.ts';

type Options = ArgumentsOf<'setup'>;

/** Resolves with 0 when everything is as it should be. Throws STORE_ and NETWORK_ failures. */
export async function setup(options: Options, surroundings: Surroundings): Promise<number> {
  const { stdout, stop, version } = surroundings;
  const log = openLog(options, surroundings, 'warn');
  const tell = options.json ? tellInJson(stdout) : tellInWords(stdout);
  if (options.print !== undefined && options.elasticsearch === undefined) {
    const files = Object.entries(VARIANTS).flatMap(([variant, features]) => resourceFiles(resourcesFor(features, ENRICHMENT, layoutOf(options, {}), version)).map(([file, text]) => [join(variant, file), text] as const));
    files.push([DASHBOARD_FILE, dashboardFile()]);
    await writeFiles(options.print, files);
    tell.note(`${files.length} files were written to ${options.print}, a folder for each kind of server and the dashboard for Kibana.`);
    return 0;
  }
  if (options.kibana !== undefined && options.elasticsearch === undefined) {
    tell.note(await setUpKibana(options, surroundings, log));
    return 0;
  }
  return withStore(options, surroundings, log, async (store) => {
    const server = await describeServer(store, stop);
    tell.server(store, server);
    const { features, steps, layout, installed, resources } = await resourcesOf(store, options, version, stop);
    if (options.print !== undefined) {
      const files = [...resourceFiles(resources), [DASHBOARD_FILE, dashboardFile()] as const];
      await writeFiles(options.print, files);
      tell.note(`${files.length} files were written to ${options.print}.`);
      return 0;
    }
    const plan = options.remove ? await removalPlan(store, resources, stop) : joined([
      notesPlan(notesOf(features, steps)),
      notesPlan(features.dataStreamLifecycle || layout.ilmPolicy !== undefined || typeof options.ismPolicy === 'string' || options.ismPolicy === undefined && await isManagedByIsm(store, stop) ? [] : [retentionNote(server)]),
      notesPlan(await findObstacles(store, server, resources, layout, stop)),
      await policyPlan(store, options, stop),
      notesPlan(formerPolicyNote(installed.ilmPolicy, layout)),
      await planResources(store, resources, stop),
      await planStreams(store, server, resources, { alias: layout.alias, formerAlias: installed.alias }, stop),
    ]);
    tell.plan(plan, options.dryRun);
    if (!options.dryRun) await applyChanges(plan.changes, (change) => tell.done(change), stop);
    if (options.kibana !== undefined) tell.note(await setUpKibana(options, surroundings, log));
    return 0;
  });
}

/** Documents would be refused when the pipeline of their indices is gone: so it goes only when they have. */
async function removalPlan(store: Store, resources: readonly Resource[], stop: AbortSignal): Promise<Plan> {
  const streams = await streamsThatNeedUs(store, (await findStreams(store, stop)).streams, stop);
  if (streams.length > 0) throw failure('STORE_IN_USE', { store: store.name, streams: streams.map(({ name }) => name).join(', ') });
  return joined([await releasePlan(store, stop), await planRemoval(store, resources, stop)]);
}

/** Whoever may remove templates need not have rights to policies. */
async function releasePlan(store: Store, stop: AbortSignal): Promise<Plan> {
  try {
    return await planIsmRelease(store, undefined, stop);
  } catch (error) {
    if (!(error instanceof AuditError) || error.code !== 'STORE_FORBIDDEN') throw error;
    return notesPlan(['A policy of index state management that names logs-o365.* would go on naming it: this user may not look at policies.']);
  }
}

async function policyPlan(store: Store, { ilmPolicy, ismPolicy }: Options, stop: AbortSignal): Promise<Plan> {
  if (typeof ilmPolicy === 'string') await requireIlmPolicy(store, ilmPolicy, stop);
  if (ismPolicy === undefined) return notesPlan([]);
  const release = await planIsmRelease(store, ismPolicy === false ? undefined : ismPolicy, stop);
  return ismPolicy === false ? release : joined([release, await planIsmPolicy(store, ismPolicy, stop)]);
}

function notesPlan(notes: readonly string[]): Plan {
  return { changes: [], unchanged: [], notes };
}

/** What the server cannot do, and what that means. */
function notesOf(features: StoreFeatures, steps: readonly StepState[]): readonly string[] {
  const substitutes = Object.entries(OPTIONAL_TYPES).filter(([type]) => !features.types.has(type) && STORE_FIELDS.some(([, used]) => used === type));
  return [
    substitutes.length === 0 ? [] : `This server lacks field types; others take their place: ${substitutes.map(([type, other]) => `${other} for ${type}`).join(', ')}.`,
    features.ignoreDynamicBeyondLimit ? [] : 'This server would refuse documents that bring too many new names, so only the names in FIELDS.md are indexed; others stay in the document.',
    ...steps.filter(({ state }) => state !== 'served').map(({ step, state, reason = '' }) => `Documents get no ${step.gains}${state === 'waiting' ? ' yet' : ''}: ${reason}.`),
  ].flat();
}

async function writeFiles(folder: string, files: readonly (readonly [file: string, text: string])[]): Promise<void> {
  try {
    for (const [file, text] of files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text);
    }
  } catch (error) {
    throw failure('STORE_FILES', { folder, reason: reasonOf(error) }, error);
  }
}

/** How an operator, or a machine, is told. */
interface Telling {
  server(store: Store, server: StoreServer): void;
  plan(plan: Plan, isDryRun: boolean): void;
  done(change: Change): void;
  note(sentence: string): void;
}

function tellInWords(stdout: NodeJS.WritableStream): Telling {
  const line = (text: string): void => void stdout.write(`${text}\n`);
  return {
    server: (store, { product, version }) => line(`${store.name}: ${product} ${version}`),
    plan: ({ changes, unchanged, notes }, isDryRun) => {
      for (const note of notes) line(`  ! ${note}`);
      for (const { action, subject, reason } of changes) line(`  ${action} ${subject}${reason === undefined ? '' : ` (${reason})`}`);
      if (changes.length === 0) line(`Nothing to change: ${unchanged.length === 0 ? 'nothing is there' : `${unchanged.length} parts are as they should be`}.`);
      else line(`${changes.length} change${changes.length === 1 ? '' : 's'}${isDryRun ? ', not made because of --dry-run' : ':'}`);
    },
    done: ({ action, subject }) => line(`  ✓ ${action} ${subject}`),
    note: line,
  };
}

function tellInJson(stdout: NodeJS.WritableStream): Telling {
  const line = (value: object): void => void stdout.write(`${JSON.stringify(value)}\n`);
  return {
    server: (store, { product, version }) => line({ kind: 'server', store: store.name, product, version }),
    plan: ({ changes, unchanged, notes }) => line({ kind: 'plan', changes: changes.map(({ action, subject, reason }) => ({ action, subject, reason })), unchanged, notes }),
    done: ({ action, subject }) => line({ kind: 'done', action, subject }),
    note: (message) => line({ kind: 'note', message }),
  };
}
