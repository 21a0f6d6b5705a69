/**
 * Sigma rules find our documents: pySigma converts rules for Microsoft 365 with the pipeline of examples/sigma, and the queries are run over documents. The rules
 * in sigma/rules are of our own wording; each looks for what one of the 21 published ones looks for, under the same names.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { readTable } from '../../mapping/generate/vocabulary.ts';
import { fieldLookup } from '../support/fields.ts';
import { goldenCases } from '../support/golden.ts';
import { readLucene } from '../support/lucene.ts';
import { openModule } from '../support/module.ts';
import { preparePython } from '../support/python.ts';

const RECIPE = 'test/agents/sigma';
const CONVERT_LIMIT_MS = 300_000;
const python = await preparePython(RECIPE);

type Conversion = string | { readonly error: string };
type Conversions = Readonly<Record<'LuceneBackend' | 'OpensearchLuceneBackend' | 'ESQLBackend', Readonly<Record<string, Conversion>>>>;

/** The query; a rule that was refused fails the test with its reason. */
function textOf(conversion: Conversion): string {
  return typeof conversion === 'string' ? conversion : assert.fail(conversion.error);
}

async function convert(rules: string): Promise<Conversions> {
  if ('reason' in python) throw new Error(python.reason);
  const { stdout } = await promisify(execFile)(python.program, [join(RECIPE, 'convert.py'), resolve('examples/sigma'), rules], { timeout: CONVERT_LIMIT_MS });
  return JSON.parse(stdout) as Conversions;
}

/** Converts one rule, of which only the detection is given. */
async function convertOne(t: { after(run: () => void): void }, product: string, detection: string): Promise<Conversion> {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-sigma-'));
  t.after(() => { rmSync(folder, { recursive: true }); });
  writeFileSync(join(folder, 'rule.yml'), `title: One rule\nlogsource:\n  product: ${product}\ndetection:\n  selection:\n    ${detection}\n  condition: selection\n`);
  return (await convert(folder)).LuceneBackend.rule ?? assert.fail();
}

const alert = (Name: string, Operation = 'AlertTriggered'): object => ({
  CreationTime: '2026-09-01T08:15:30', Id: 'b2e3', Operation, RecordType: 40, UserId: 'SecurityComplianceAlerts', Workload: 'SecurityComplianceCenter', Name, Category: 'ThreatManagement', Severity: 'High', EntityType: 'User',
});
const parameters = (Operation: string, Parameters: string): object => ({ CreationTime: '2026-09-01T08:15:30', Id: 'b2e4', Operation, RecordType: 1, UserId: 'ada.quill@brackwater.example', Workload: 'Exchange', Parameters });

/** What each rule has to find, and nothing else of all that is here and among the pairs of detection/: golden pairs by their names, events of our own. */
const FINDS: Readonly<Record<string, readonly (string | object)[]>> = {
  'activity-by-terminated-user': [alert('Activity performed by terminated user'), alert('x', 'Activity performed by terminated user')],
  'activity-from-anonymous-addresses': [alert('Activity from anonymous IP addresses')],
  'activity-from-infrequent-country': [alert('Activity from infrequent country')],
  'activity-from-suspicious-addresses': [alert('Activity from suspicious IP addresses')],
  'data-to-unsanctioned-app': [alert('Data exfiltration to unsanctioned apps')],
  'downloads-by-an-application': [alert('Suspicious OAuth app file download activities')],
  'files-are-deleted': ['alerts/R530-alert', alert('Unusual volume of file deletion')],
  'impossible-travel': [alert('Impossible travel activity')],
  'inbox-forwarding': [alert('Suspicious inbox forwarding')],
  'logon-from-risky-address': [alert('Log on from a risky IP address')],
  'mailboxes-are-exported': [alert('eDiscovery search started or exported')],
  'ransomware': ['detection/R530-an-alert-of-ransomware'],
  'sender-is-restricted': [alert('User restricted from sending email')],
  'federated-domain-by-cmdlet': ['exchange/R500-add-federateddomain'],
  'mailboxes-are-exported-by-cmdlet': ['detection/R003-a-search-is-exported'],
  'conditional-access-is-bypassed': ['detection/R512-a-device-joins-through-the-company-portal'],
  'second-factor-is-switched-off': [{ CreationTime: '2026-09-01T08:15:30', Id: 'b2e5', Operation: 'disable strong authentication.', RecordType: 8, UserId: 'ada.quill@brackwater.example', Workload: 'AzureActiveDirectory' }, 'entra/R510-disable-strong-authentication'],
  'federated-domain': ['entra/R510-add-unverified-domain', 'entra/R510-add-verified-domain', 'exchange/R500-add-federateddomain'],
  'mail-is-forwarded': ['detection/R501-the-rules-of-a-mailbox-forward', 'detection/R605-a-mailbox-forwards-and-lets-another-send', 'detection/R605-an-inbox-rule-hides-and-forwards', parameters('Set-Mailbox', '-Identity "ada" -ForwardingSmtpAddress "smtp:drop@tarnferry.example"')],
  'inbox-rule-hides': ['detection/R605-an-inbox-rule-hides-and-forwards', parameters('New-InboxRule', '-Name ".." -MoveToFolder "RSS"')],
  'blocked-mail-came-in': ['threat/R570-phish'],
};

describe('pySigma with the pipeline of examples/sigma', { skip: 'reason' in python ? python.reason : false }, () => {
  const module = openModule();
  const map = (event: Uint8Array): object => JSON.parse(module.mapRecord(event)) as object;
  const events = Object.values(FINDS).flat();
  const pairs = goldenCases().filter(({ name }) => name.startsWith('detection/') || events.includes(name));
  const documents = new Map<string | object, object>(pairs.map(({ name, input }) => [name, map(input)]));
  for (const event of events) if (typeof event === 'object') documents.set(event, map(Buffer.from(JSON.stringify(event))));
  const shown = (event: string | object): string => (typeof event === 'string' ? event : JSON.stringify(event));

  test('converts the rules for every backend that can ask whether a field exists, and finds what each is about, and nothing else', async () => {
    const { LuceneBackend: queries, OpensearchLuceneBackend: forOpensearch, ESQLBackend: forEsql } = await convert(join(RECIPE, 'rules'));
    assert.deepEqual(Object.keys(queries).toSorted(), Object.keys(FINDS).toSorted());
    assert.equal(Object.keys(queries).length, 21);
    assert.deepEqual(forOpensearch, queries);
    for (const query of Object.values(forEsql)) assert.match(textOf(query), /^from .* where data_stream\.dataset=="o365\.audit" and /);
    const fieldOf = fieldLookup();
    for (const [rule, query] of Object.entries(queries)) {
      const { fields, finds } = readLucene(textOf(query));
      for (const field of fields) assert.ok(fieldOf(field) !== undefined && field.includes('.'), `${rule} asks for ${field}, which no document has`);
      const found = [...documents].filter(([, document]) => finds(document)).map(([event]) => shown(event));
      assert.deepEqual(found.toSorted(), (FINDS[rule] ?? []).map(shown).toSorted(), rule);
    }
  });

  test('knows every name that the published rules use', async () => {
    const { LuceneBackend: queries } = await convert(join(RECIPE, 'rules'));
    const asked = new Set(Object.values(queries).flatMap((query) => [...readLucene(textOf(query)).fields]));
    const wanted = readTable('mapping/tables/detection-fields.tsv').filter(({ sigma }) => sigma !== '').map(({ field = '', sigma }) => (sigma === 'Payload' ? 'o365.audit.Parameters._raw' : field));
    assert.equal(wanted.length, 14);
    assert.deepEqual(wanted.filter((field) => !asked.has(field)), []);
  });

  test('finds a part of a text whatever its case, and a whole value as it is', async (t) => {
    const { finds } = readLucene(textOf(await convertOne(t, 'm365', 'Operation|startswith: New-INBOX')));
    const withAction = (action: string): object => ({ data_stream: { dataset: 'o365.audit' }, event: { action } });
    assert.deepEqual(['New-InboxRule', 'new-inboxRULE', 'Set-InboxRule', 'xNew-InboxRule'].map((action) => finds(withAction(action))), [true, true, false, false]);
    const whole = readLucene(textOf(await convertOne(t, 'm365', 'Operation: New-InboxRule')));
    assert.deepEqual(['New-InboxRule', 'new-inboxrule'].map((action) => whole.finds(withAction(action))), [true, false]);
  });

  test('refuses to look for a value in all parameters', async (t) => {
    const converted = await convertOne(t, 'm365', 'Parameters|contains: drop@tarnferry.example');
    assert.match(typeof converted === 'string' ? converted : converted.error, /^Parameters: '\*drop@tarnferry\.example\*' is no name of a parameter/);
  });

  test('makes of the published folder, by the commands of the page, one line of JSON a rule, which looks at what has arrived and not at what has happened', async (t) => {
    if ('reason' in python) assert.fail(python.reason);
    const folder = mkdtempSync(join(tmpdir(), 'o365audit-sigma-'));
    t.after(() => { rmSync(folder, { recursive: true }); });
    mkdirSync(join(folder, 'rules/rules/cloud'), { recursive: true });
    symlinkSync(resolve(RECIPE, 'rules'), join(folder, 'rules/rules/cloud/m365'));
    // the names that pySigma would load from the internet: none
    writeFileSync(join(folder, 'attack.json'), '{"objects": []}');
    const [, program = ''] = /<<'END'\n(.*?)\nEND\n/s.exec(readFileSync('examples/sigma/README.md', 'utf8')) ?? [];
    writeFileSync(join(folder, 'page.py'), `import sigma.data.mitre_attack as attack\nattack.set_url("attack.json")\n${program}\n`);
    const env = { ...process.env, HOME: folder, XDG_CACHE_HOME: folder, PYTHONPATH: resolve('examples/sigma'), PYTHONDONTWRITEBYTECODE: '1' };
    const { stdout } = await promisify(execFile)(python.program, ['page.py'], { cwd: folder, env, timeout: CONVERT_LIMIT_MS });
    const rules = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { readonly query: string; readonly index: unknown; readonly timestamp_override: unknown });
    assert.equal(rules.length, 21);
    for (const { query, index, timestamp_override: time } of rules) {
      assert.match(query, /^data_stream\.dataset:o365\.audit AND /);
      assert.deepEqual([index, time], [['logs-o365.audit-*'], 'event.ingested']);
    }
  });

  test('leaves rules for other products alone', async (t) => {
    assert.equal(await convertOne(t, 'windows', 'Operation: x'), 'Operation:x');
  });
});

describe('the reader of queries', () => {
  const document = { a: { b: ['x y', 'Z/1'], c: 7 } };
  const cases: readonly [query: string, isFound: boolean][] = [
    ['a.b:"x y"', true], ['a.b:x', false], ['a.b:x*', true], ['a.b:x\\ ?', true], ['a.b:/[xX] .*/', true], ['a.b:/x/', false], ['a.b:Z\\/1', true], ['a.c:7', true], ['_exists_:a.c', true], ['_exists_:a.d', false],
    ['a.c:7 AND a.b:x', false], ['a.c:7 OR a.b:x', true], ['NOT a.b:x AND a.c:7', true], ['a.b:(x OR "x y")', true], ['(a.b:x OR a.c:7) AND NOT (a.c:8)', true],
  ];
  test('finds what Lucene finds', () => {
    for (const [query, isFound] of cases) assert.equal(readLucene(query).finds(document), isFound, query);
  });

  test('refuses what it does not know', () => {
    for (const query of ['', 'a', 'a.b:x)', '(a.b:x', 'a.b:x AND', 'a.b:x y', 'a.b:']) assert.throws(() => readLucene(query), SyntaxError, query);
  });
});
