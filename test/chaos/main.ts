/**
 * `npm run chaos`: the collector is killed a hundred times while service and log agent do everything wrong, and then nothing may be missing.
 *
 *     npm run chaos -- [--kills N] [--seed S] [--host fluent-bit]
 *
 * With `--host fluent-bit` the real one is the log agent, and is killed too. Exits with 1 when anything is wrong. The seed that it prints repeats the trouble.
 */
import { parseArgs } from 'node:util';
import { runChaos } from './chaos.ts';
import { runUnderFluentBit } from './under-fluent-bit.ts';

const say = (line: string): void => { process.stdout.write(`${line}\n`); };
const list = (counts: ReadonlyMap<string, number>): string => [...counts].sort(([, left], [, right]) => right - left).map(([name, count]) => `${name} ${count}`).join(', ') || 'none';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '100' }, seed: { type: 'string' }, host: { type: 'string' } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const kills = Number(values.kills);
if (!Number.isSafeInteger(kills) || kills < 0 || !Number.isSafeInteger(seed)) throw new Error('--kills and --seed are whole numbers');
say(`${kills} kills, seed ${seed}`);
if (values.host !== undefined && values.host !== 'fluent-bit') throw new Error('--host is fluent-bit');
const report = await (values.host === undefined ? runChaos : runUnderFluentBit)({ kills, seed, tell: say });
say(`
killed:              ${list(report.kills)}
ended by itself:     ${list(report.ownEnds)}
journals damaged:    ${list(report.damage)}
the log agent:       ${list(report.agent)}
the service:         ${list(report.service)}
besides:             ${list(report.figures)}

content blobs:       ${report.blobs}
requests:            ${report.requests}
events to be had:    ${report.expected}
events arrived:      ${report.arrived}
arrived again:       ${report.again}
named as lost:       ${report.lost}
expired unnoted:     ${report.unnamed}
seconds:             ${report.seconds.toFixed(1)}
seed:                ${seed}
`);
for (const complaint of report.complaints) say(`WRONG: ${complaint}`);
say(report.complaints.length === 0 ? 'Nothing is missing, nothing was made up, and nothing is owed.' : `${report.complaints.length} things are wrong; npm run chaos -- --kills ${kills} --seed ${seed}${values.host === undefined ? '' : ` --host ${values.host}`}`);
process.exitCode = report.complaints.length === 0 ? 0 : 1;
