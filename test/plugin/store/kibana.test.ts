import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, describe, test } from 'node:test';
import { setup } from '../../../plugin/commands/setup.ts';
import { readArguments } from '../../../plugin/config/collector.ts';
import { AuditError } from '../../../plugin/errors.ts';
import { dashboardFile } from '../../../plugin/report/dashboard.ts';
import { startFarEnd, type FarEnd, type SeenRequest } from '../../support/far-end.ts';
import { testSurroundings, type TestSurroundings } from '../../support/surroundings.ts';

/** Answers as Kibana's API does: nothing without kbn-xsrf, a count of what it took. */
function kibana(request: SeenRequest, response: ServerResponse): void {
  const reply = (status: number, body: object): unknown => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (request.headers['kbn-xsrf'] === undefined) return void reply(400, { statusCode: 400, error: 'Bad Request', message: 'Request must contain a kbn-xsrf header.' });
  if (request.headers.authorization === 'ApiKey wrong') return void reply(403, { statusCode: 403, error: 'Forbidden', message: 'Unable to bulk_create dashboard,index-pattern' });
  const path = /^\/base(\/s\/[^/]+)?\/api\/saved_objects\/_import\?overwrite=true$/.exec(request.target);
  const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(request.headers['content-type'] ?? '')?.[1] ?? '?';
  const [, part = ''] = request.body.split(`--${boundary}\r\n`);
  const [head = '', content = ''] = part.split('\r\n\r\n');
  if (request.method !== 'POST' || path === null || !/name="file"; filename="[^"]+\.ndjson"/.test(head)) return void reply(404, { statusCode: 404, error: 'Not Found', message: 'Not Found' });
  const objects = content.split(`\r\n--${boundary}--`)[0]?.split('\n').filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as { readonly id: string; readonly type: string }) ?? [];
  if (path[1] === '/s/strict') return void reply(200, { success: false, successCount: 0, errors: [{ id: objects[0]?.id, type: objects[0]?.type, error: { type: 'unsupported_type' } }] });
  reply(200, { success: true, successCount: objects.length, successResults: objects });
}

const ends: FarEnd[] = [];
after(() => Promise.all(ends.map((end) => end.close())));

async function run(flags: Readonly<Record<string, string | boolean>>, env: Readonly<Record<string, string>> = {}): Promise<{ readonly surroundings: TestSurroundings; readonly requests: readonly SeenRequest[]; readonly ended: Promise<number> }> {
  const end = await startFarEnd(kibana);
  ends.push(end);
  const surroundings = testSurroundings({ env });
  const ended = setup(readArguments('setup', { kibana: new URL('base', end.url).href, ...flags }, env), surroundings);
  return { surroundings, requests: end.requests, ended };
}

const isRefusal = (pattern: RegExp) => (error: unknown): boolean => error instanceof AuditError && error.code === 'KIBANA_REFUSED' && pattern.test(error.message);

describe('setup --kibana', () => {
  test('imports the dashboard in place of an older one, with the key of Elasticsearch, and says how to find it', async () => {
    const { surroundings, requests, ended } = await run({}, { ELASTICSEARCH_API_KEY: 'id:secret' });
    assert.equal(await ended, 0);
    const [request, ...others] = requests;
    assert.equal(others.length, 0);
    assert.ok(request);
    assert.ok(request.body.includes(dashboardFile()));
    assert.equal(request.headers.authorization, `ApiKey ${Buffer.from('id:secret').toString('base64')}`);
    assert.match(surroundings.said.stdout, new RegExp(`^${dashboardFile().split('\n').length - 1} saved objects are in Kibana \\(127\\.0\\.0\\.1:\\d+\\): the dashboard is called Microsoft 365 audit \\[o365audit\\]\\.\n$`));
    assert.doesNotMatch(surroundings.said.stdout + surroundings.said.stderr, /secret/);
  });

  test('takes name and password, and a space', async () => {
    const { requests, ended } = await run({ kibanaSpace: 'security team', elasticsearchUsername: 'ada' }, { ELASTICSEARCH_PASSWORD: 'pass' });
    assert.equal(await ended, 0);
    assert.equal(requests[0]?.target, '/base/s/security%20team/api/saved_objects/_import?overwrite=true');
    assert.equal(requests[0].headers.authorization, `Basic ${Buffer.from('ada:pass').toString('base64')}`);
  });

  test('changes nothing with --dry-run and --remove, and says so', async () => {
    for (const [flag, said] of [['dryRun', /would be imported/], ['remove', /stays in Kibana/]] as const) {
      const { surroundings, requests, ended } = await run({ [flag]: true });
      assert.equal(await ended, 0);
      assert.equal(requests.length, 0);
      assert.match(surroundings.said.stdout, said);
    }
  });

  test('says why Kibana refuses: the request, or one of the objects', async () => {
    await assert.rejects((await run({}, { ELASTICSEARCH_API_KEY: 'wrong' })).ended, isRefusal(/HTTP 403\): Unable to bulk_create dashboard,index-pattern\./));
    await assert.rejects((await run({ kibanaSpace: 'strict' })).ended, isRefusal(/HTTP 200\): index-pattern o365audit-events: unsupported_type\./));
  });
});
