/** `o365audit check`: whether events can flow, step by step, each with a tick or with the reason and its repair. It changes nothing anywhere. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { forwardOptions } from '../collect/rooms.ts';
import { loadConfig, noticeText, type CollectorOptions, type Config } from '../config/config.ts';
import type { ArgumentsOf } from '../config/options.ts';
import { failure, reasonOf, systemCodeOf } from '../errors.ts';
import { openNetwork } from '../network/network.ts';
import { openOutput } from '../output/output.ts';
import type { Log } from '../telemetry/log.ts';
import type { Surroundings } from '../types.ts';
import { createSteps, type Finding, type Steps } from './check-steps.ts';
import { checkStore } from './check-store.ts';
import { checkTenant } from './check-tenant.ts';
import { openLog } from './log.ts';

/** The record that an output is asked to acknowledge has a tag of its own, which no filter or output of the examples matches. */
const CHECK_TAG = 'o365.check';
const CLOSE_MS = 1_000;
/** Log agents acknowledge at the pace of the store behind them. */
const OUTPUT_LIMIT_MS = 20_000;

/** Resolves with 0 only if events can flow, with 1 if not. Throws only when it is stopped. */
export async function check({ flags }: ArgumentsOf<'check'>, surroundings: Surroundings): Promise<number> {
  const { clock, env, stdout, stop } = surroundings;
  const write = (text: string): void => void stdout.write(text);
  const json = flags.json === true;
  const steps = (subject?: string): Steps => createSteps({ clock, stop, write, json, subject });
  const first = steps();
  let config: Config | undefined;
  await first.step('configuration', () => {
    config = loadConfig({ flags, env });
    return Promise.resolve(describe(config));
  });
  if (config === undefined) return 1;
  const { collector, sources } = config;
  const log = openLog(collector, surroundings, 'error');
  const all = [first];
  await first.step('state directory', () => checkStateDir(collector.stateDir));
  await first.step('output', (signal) => checkOutput(collector, surroundings, log, signal), { limitMs: OUTPUT_LIMIT_MS });
  await checkStore(flags, collector.namespace, surroundings, log, first);
  const network = await openNetworkAsStep(collector, surroundings, log, first);
  if (network === undefined) return 1;
  try {
    for (const source of sources) {
      for (const tenant of source.input.kind === 'api' ? source.tenants : []) {
        const own = steps(tenant.name ?? tenant.id);
        all.push(own);
        await checkTenant(tenant, source, { collector, network, clock, log }, own);
      }
    }
  } finally {
    await network.close();
  }
  const isGood = all.every((one) => one.isGood);
  if (!json) write(isGood ? 'Events can flow.\n' : 'Events cannot flow, or not all of them: mend what has a ✗.\n');
  return isGood ? 0 : 1;
}

function describe({ sources, notices }: Config): Finding {
  const tenants = sources.reduce((sum, { tenants: { length } }) => sum + length, 0);
  if (sources.length === 0) return { failure: 'nothing is enabled', repair: 'Set enabled: true below audit:, and beside module: where it is false there.' };
  const sentence = `it is good: ${sources.length} source${sources.length === 1 ? '' : 's'}, ${tenants} tenant${tenants === 1 ? '' : 's'}`;
  return notices.length === 0 ? sentence : { warning: sentence, repair: notices.map(noticeText).join(' ') };
}

/** A directory that is not there yet is made by the collector, in the place of one that is. */
async function checkStateDir(directory: string): Promise<Finding> {
  for (let folder = directory; ; folder = dirname(folder)) {
    try {
      await access(folder, constants.W_OK | constants.X_OK);
      return folder === directory ? `${directory} can be written` : `${directory} will be made`;
    } catch (error) {
      const isMissing = systemCodeOf(error) === 'ENOENT' && dirname(folder) !== folder;
      if (!isMissing) throw failure('LEDGER_DIRECTORY', { directory, reason: reasonOf(error) }, error);
    }
  }
}

async function checkOutput(collector: CollectorOptions, { stdout, clock }: Surroundings, log: Log, signal: AbortSignal): Promise<Finding> {
  const { output: url } = collector;
  if (url === 'stdout') return 'records go to stdout';
  // It tries again and again, and says why in the log.
  let trouble: string | undefined;
  const output = openOutput({
    url, stdout, ...forwardOptions(collector), tag: CHECK_TAG, closeTimeoutMs: CLOSE_MS,
  }, (line, values) => {
    if (line === 'output.attempt_failed' || line === 'output.trouble') trouble = String(values?.reason ?? 'no reason');
    log(line, values);
  }, clock);
  const giveUp = (): void => void output.close();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await output.deliver({ bytes: checkEntry(clock.nowMs()), eventCount: 1 });
    return `${url} acknowledges (one record with the tag ${CHECK_TAG} was sent)`;
  } catch (error) {
    if (!signal.aborted) throw error;
    return { failure: `${url} acknowledged nothing: ${trouble ?? reasonOf(signal.reason)}`, repair: 'Start the log agent, and see that it listens there and acknowledges; Vector does so over TCP only.', code: 'OUTPUT_REFUSED' };
  } finally {
    signal.removeEventListener('abort', giveUp);
    await output.close();
  }
}

/** `[EventTime, {"message": "o365audit check"}]` in MessagePack. */
function checkEntry(nowMs: number): Uint8Array {
  const time = Buffer.alloc(8);
  time.writeUInt32BE(Math.floor(nowMs / 1000));
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([0xa0 | value.length]), Buffer.from(value)]);
  return Buffer.concat([Buffer.from([0x92, 0xd7, 0x00]), time, Buffer.from([0x81]), text('message'), text('o365audit check')]);
}

async function openNetworkAsStep(collector: CollectorOptions, surroundings: Surroundings, log: Log, steps: Steps): Promise<Awaited<ReturnType<typeof openNetwork>> | undefined> {
  let network: Awaited<ReturnType<typeof openNetwork>> | undefined;
  await steps.step('network', async () => {
    network = await openNetwork(collector, surroundings, log);
    return collector.ca === undefined ? 'the usual certificate authorities are trusted' : `the authorities in ${collector.ca} are trusted beside the usual ones`;
  });
  return network;
}
