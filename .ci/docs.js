// Writes the pages that come from tables of the code: node .ci/docs.js [--check]. It reads the compiled tables, so build first.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const check = process.argv.includes('--check');

const { FAILURES } = await import('../build/plugin/errors.js');
const { LINES } = await import('../build/plugin/telemetry/log.js');
const { COMMANDS, OPTIONS } = await import('../build/plugin/config/options.js');
const { METRICS } = await import('../build/plugin/telemetry/metrics.table.js');
const { faultsAsMarkdown } = await import('../build/plugin/simulator/faults.table.js');
const { AADSTS } = await import('../build/plugin/auth/aadsts.js');
const { AF_CODES } = await import('../build/plugin/api/af-codes.table.js');
const { readEssay, TRAPS } = await import('../build/test/scenarios/traps.table.js');
const { INPUT_NAMES, MODULE_KEYS } = await import('../build/plugin/config/module-keys.js');

const generated = '<!-- Made from the code by npm run generate; edit the tables named below instead. -->';

/** One row of a Markdown table; | would end a cell, and < would begin a tag, but not in code, which shows what is written. */
const row = (...cells) => `| ${cells.map((cell) => String(cell ?? '').replaceAll('|', '\\|').replace(/`[^`]*`|<(?!br>)/g, (found) => (found === '<' ? '&lt;' : found))).join(' | ')} |`;
const table = (heads, rows) => [row(...heads), row(...heads.map(() => '---')), ...rows].join('\n');
const code = (text) => (text === undefined || text === '' ? '' : `\`${text}\``);

const errors = `${generated}
# Failures

What the program can say when something does not work (the table is in [errors.ts](errors.ts)), as \`o365audit: <sentence> <repair> [<code>]\` on stderr.
Words in braces are filled in. "Then" is what the collector does about it: *never* means that a human must act, *later* that it is tried again after a
while, *skip* that this one thing is given up and counted, and the rest goes on.

${table(['code', 'what happened', 'what to do', 'exit status', 'then'],
  Object.entries(FAILURES).map(([name, { sentence, repair, exitStatus, retry }]) => row(code(name), sentence, repair, exitStatus, retry)))}
`;

const codes = `${generated}
# What Microsoft answers

The numbers and codes of Microsoft Entra and of the Management Activity API, in an operator's words (the tables are in [aadsts.ts](auth/aadsts.ts) and
[af-codes.table.ts](api/af-codes.table.ts)). \`o365audit check\` says the same of a tenant.

## Microsoft Entra
${table(['number', 'what it means', 'what to do'], Object.entries(AADSTS).map(([number, { meaning, repair }]) => row(code(`AADSTS${number}`), meaning, repair)))}

## Management Activity API
${table(['code', 'what it means', 'what to do'], Object.entries(AF_CODES).map(([name, { meaning, repair }]) => row(code(name), meaning, repair)))}
`;

const log = `${generated}
# Log lines

Every line that the program can write to stderr (the table is in [log.ts](log.ts)). Values follow the sentence as \`key=value\`; with \`--log-format json\`
\`line\` holds the name. error: an event was lost or a human must act. warn: surprising, but recovered. info: what one wants to see once. debug: one line a
step. trace: one line a request.

${table(['line', 'level', 'sentence'], Object.entries(LINES).map(([name, [level, sentence]]) => row(code(name), level, sentence)))}
`;

const metrics = `${generated}
# Metrics and health

With \`--metrics 127.0.0.1:9365\` the collector serves, to whoever reaches the address:

- \`/metrics\` in Prometheus' text format (the table is in [metrics.table.ts](metrics.table.ts)). Counters go on where the last run ended; a kill makes them forget
  some seconds, and with hundreds of tenants or a slow disk at most a minute.
- \`/healthz\`: 200 as long as the process works; its body is \`{"status": "ok"}\`, or \`"degraded"\` with what is the matter. For a liveness probe: a refused tenant is
  no reason to start the program again.
- \`/readyz\`: the same with 503 while something needs attention, by the rules of \`o365audit status\`. For monitors that know nothing but status codes.

${table(['metric', 'type', 'labels', 'meaning'], METRICS.map(({ name, type, labels, help }) => row(code(name), type, labels.map(code).join(' '), help)))}

Alerts to begin with:

\`\`\`yaml
groups:
  - name: o365audit
    rules:
      - {alert: O365AuditBehind, expr: "o365audit_lag_seconds > 3600", for: 15m}
      - {alert: O365AuditLost, expr: "increase(o365audit_blobs_expired_total[1h]) + increase(o365audit_blobs_unavailable_total[1h]) + increase(o365audit_lost_windows_total[1h]) > 0"}
      - {alert: O365AuditDeadLetters, expr: "o365audit_dead_letters > 0"}
      - {alert: O365AuditDeadLettersFull, expr: "o365audit_dead_letters / o365audit_dead_letters_limit > 0.9 or o365audit_dead_letters_bytes / o365audit_dead_letters_limit_bytes > 0.9"}
      - {alert: O365AuditRefused, expr: "o365audit_tenant_refused == 1 or o365audit_feed_refused == 1", for: 30m}
      - {alert: O365AuditCredentialExpires, expr: "o365audit_credential_expires_timestamp_seconds - time() < 30 * 86400"}
\`\`\`
`;

const faults = `${generated}
# Faults of the simulator

What can be switched on to see what a collector does about it, from the start by \`--fault NAME\`, or while it runs (the table is in [faults.table.ts](faults.table.ts)):

\`\`\`
curl -X PUT http://127.0.0.1:8365/simulator/faults -d '{"throttled": {"count": 3}, "delay": {"ms": 2000, "contentType": "Audit.Exchange"}}'
curl -X PUT http://127.0.0.1:8365/simulator/faults -d '{"delay": false}'
curl -X DELETE http://127.0.0.1:8365/simulator/faults
\`\`\`

The second switches one off, the last all. Beside its own parameters each takes \`count\` (so often, then it is off), \`after\` (so many are let pass first), \`chance\` (0 to 1), \`forMs\`
(off after this time), \`tenant\`, \`contentType\` and \`path\` (a part of the request's). What counts as once stands with each: an answer, an element of a listing, a token; "at once" adds
something to the feed in that moment, and a "switch" is on until it is off. \`GET\` of the same address says what is on and how often it has happened.

${faultsAsMarkdown()}`;

/** What the types of the tables are called in the docs. */
const words = new Map([['texts', 'text or list'], ['content types', 'name or list'], ['tenants', 'list of {id, name, namespace}'], ['address', 'web address'], ['secret', 'text'],
  ['fields', 'map'], ['any', 'anything'], ['list', 'text, repeatable'], ['string', 'text'], ['boolean', 'true or false']]);
const flagOf = ({ flag, alias, positional }) => (positional !== undefined ? code(positional) : flag === undefined ? 'never a flag'
  : [alias === undefined ? [] : `-${alias}`, flag.length === 1 ? `-${flag}` : `--${flag}`].flat().map(code).join(', '));
const limitsOf = ({ minimum, maximum, unit, type, choices }) => [
  choices?.join(', ') ?? (type === 'count' && unit !== undefined ? unit : words.get(type) ?? type),
  minimum === undefined && maximum === undefined ? [] : `${minimum ?? ''} … ${maximum ?? ''}`.trim(),
].flat().join(', ');
const servedBy = (command) => Object.values(OPTIONS).filter(({ commands }) => commands.includes(command));
const variablesOf = ({ environment, environmentAliases = [] }) => [environment ?? [], environmentAliases].flat().map(code).join(', ');
/** The options of a command; only those that collect have keys in the file. */
const optionTable = (rows, hasKeys) => table(
  ['flag', 'environment', hasKeys ? 'key in `collector:`' : [], 'value', 'default', 'purpose', 'example'].flat(),
  rows.map((option) => row(...[flagOf(option), variablesOf(option), hasKeys ? code(option.key) : [], limitsOf(option), code(option.default), `${option.sentence}.`, code(option.example)].flat())));
const collecting = servedBy('collect');
/** The options that a command has beside those of collect. */
const besideCollecting = (command) => servedBy(command).filter((option) => !option.commands.includes('collect'));
/** Commands with words of their own in the page of options. */
const describedApart = ['config', 'check', 'status', 'state', 'audit', 'replay'];

const verdicts = { honoured: 'honoured', notice: 'read past, with a notice', refused: 'refused' };
const aliasesOf = (path) => [...INPUT_NAMES].filter(([, target]) => target === path).map(([alias]) => `, ${code(alias)}`).join('');

const options = `${generated}
# Options

A flag counts before an environment variable, that before the file, that before the default. Durations are written as in Go (\`90s\`, \`1h30m\`; a
number alone is seconds), sizes with B, KiB, MiB or GiB, or in thousands with KB, MB or GB. Paths in the file are relative to the file, all others to the current folder.

## o365audit's own options
The table is in [options.ts](options.ts). In the file they stand in a block of their own, which Filebeat passes over:

\`\`\`yaml
- module: o365
  audit:
    enabled: true
    # …
- collector:
    output: forward://127.0.0.1:24224
\`\`\`

${Object.entries(COMMANDS).filter(([command]) => !describedApart.includes(command)).map(([command, { sentence }]) => `### ${command}
${sentence}.

${optionTable(servedBy(command), command === 'collect')}
`).join('\n')}
### config
Takes everything that \`collect\` takes, and ${code('--check')}: ${OPTIONS.check.sentence.toLowerCase()}.

### check
${COMMANDS.check.sentence}; with \`--elasticsearch\` of the store as well. Takes everything that \`collect\` takes. The exit status is 0 only if events can flow.

${optionTable(besideCollecting('check'), false)}

### status
${COMMANDS.status.sentence}. The exit status is 0 when all is well, 1 when something needs attention, 2 when it cannot be told. Of the configuration it reads only where
the state directory is, so it needs no secret.

${optionTable(servedBy('status'), false)}

### state
${COMMANDS.state.sentence}: \`state export [TENANT]\` writes the tenant's journal and counters to stdout, \`state import FILE\` puts them into a state directory that does
not have the tenant, \`state rename TENANT NEW-ID\` has it go on under its GUID in place of a domain, or the reverse (without that the collector begins anew with the seven days
that the service has), \`state import --filebeat-registry FOLDER\` notes up to when Filebeat has delivered. The ids of delivered events do not move (they are hashed with a key of
their directory and tenant); content blobs that are known as delivered are not fetched again even so.

${optionTable(servedBy('state'), false)}

### audit
${COMMANDS.audit.sentence}. Takes everything that \`collect\` takes; with \`--repair\` what is missing is fetched and sent again. The exit status is 0 when nothing is
missing, or is not any more, 1 when something is or could not be looked at, 2 when the configuration has nothing to audit, or a mistake.

${optionTable(besideCollecting('audit'), false)}

### replay
${COMMANDS.replay.sentence}. Takes everything that \`collect\` takes, and

${optionTable(besideCollecting('replay'), false)}

## Keys of Filebeat's o365 module
The table is in [module-keys.ts](module-keys.ts); keys are relative to \`audit:\`, defaults are Filebeat's. On the command line they are
\`-M o365.audit.KEY=VALUE\`, except secrets, of which only the name of a variable may stand there (\`'\${O365_CLIENT_SECRET}'\`). Where two keys stand in a row, the
second is the input's own name and wins.

${table(['key', 'value', 'default', 'verdict', 'purpose, or what to use instead', 'example'],
  Object.entries(MODULE_KEYS).map(([path, key]) => row(`${code(path)}${aliasesOf(path)}`, limitsOf(key), code(key.default), key.own ? 'honoured; not in Filebeat' : verdicts[key.verdict], key.sentence, code(key.example))))}
`;

const readmeTable = `
${table(['option', 'default', 'purpose'], collecting.map((option) => row(
  [option.flag === undefined ? [] : flagOf(option), code(option.environment), option.key === undefined ? [] : code(`collector.${option.key}`)].flat().filter((name) => name !== '').join('<br>'),
  code(option.default), `${option.sentence}.`)))}
`;

const pages = [['plugin/ERRORS.md', errors], ['plugin/CODES.md', codes], ['plugin/config/OPTIONS.md', options], ['plugin/telemetry/LOG.md', log], ['plugin/telemetry/METRICS.md', metrics], ['plugin/simulator/FAULTS.md', faults]];

const scenarioFolder = join(root, 'test/scenarios');
const scenarios = readdirSync(scenarioFolder).filter((name) => name.endsWith('.test.ts')).sort().map((name) => ({ link: `[${name.replace('.test.ts', '')}](${name})`, ...readEssay(readFileSync(join(scenarioFolder, name), 'utf8')) }));

const scenarioPage = `${generated}
# Scenarios

Each file here is an essay and its proof: what happens at Microsoft, at the log agent or on the machine, what is to happen then, and a test that runs the real program
against the simulator, or other real processes, that do just that. \`npm run chaos\` (test/chaos/) does everything at once.

## Where each trap is gone through
What goes wrong stands in [traps.table.ts](traps.table.ts); a scenario's essay names the traps that it is about.

${table(['trap', 'what goes wrong', 'scenarios'], Object.entries(TRAPS).map(([trap, sentence]) => row(trap, sentence, scenarios.filter(({ traps }) => traps.includes(trap)).map(({ link }) => link).join(', '))))}

## The scenarios
${table(['scenario', 'it begins'], scenarios.map(({ link, firstSentence }) => row(link, firstSentence)))}
`;
pages.push(['test/scenarios/README.md', scenarioPage]);

const readme = join(root, 'README.md');
if (existsSync(readme)) {
  const text = readFileSync(readme, 'utf8');
  const parts = /^([\s\S]*<!-- options -->\n)[\s\S]*?(<!-- \/options -->[\s\S]*)$/.exec(text);
  if (parts) pages.push(['README.md', `${parts[1]}${readmeTable}\n${parts[2]}`]);
}

const stale = [];
for (const [path, text] of pages) {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (check) stale.push(path);
  else writeFileSync(file, text);
}
if (stale.length > 0) {
  console.error(`${stale.join(', ')} ${stale.length === 1 ? 'is' : 'are'} older than the code: run npm run generate.`);
  process.exit(1);
}
