import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { kqlOf, matches, queryOf, textsAt, type Filter } from '../../../plugin/report/filter.ts';
import { QUESTIONS } from '../../../plugin/report/questions.table.ts';

const document = { event: { category: ['web', 'file'], outcome: 'success' }, o365: { audit: { Target: [{ ID: 'a' }, { ID: 'b' }], Count: 3, Empty: null } } };

describe('a filter', () => {
  test('finds the texts at a path, through arrays, and none where there is none', () => {
    assert.deepEqual(textsAt(document, 'event.category'), ['web', 'file']);
    assert.deepEqual(textsAt(document, 'o365.audit.Target.ID'), ['a', 'b']);
    assert.deepEqual(textsAt(document, 'o365.audit.Count'), ['3']);
    for (const path of ['o365.audit.Empty', 'event', 'event.category.toString', 'constructor.name', 'x.y']) assert.deepEqual(textsAt(document, path), [], path);
    for (const odd of [undefined, null, 'text', 7, []]) assert.deepEqual(textsAt(odd, 'event.category'), []);
  });

  const cases: readonly (readonly [Filter, boolean])[] = [
    [{ field: 'event.category', is: ['file', 'iam'] }, true],
    [{ field: 'event.category', is: ['iam'] }, false],
    [{ not: { field: 'event.category', is: ['iam'] } }, true],
    [{ field: 'event.outcome', exists: true }, true],
    [{ field: 'event.reason', exists: true }, false],
    [{ all: [{ field: 'event.category', is: ['web'] }, { field: 'event.outcome', is: ['failure'] }] }, false],
    [{ any: [{ field: 'event.category', is: ['iam'] }, { field: 'event.outcome', is: ['success'] }] }, true],
    [{ field: 'event.outcome', like: 'suc*' }, true],
    [{ field: 'event.outcome', like: '*cc*ss' }, true],
    [{ field: 'event.outcome', like: 's*e*s*' }, true],
    [{ field: 'event.outcome', like: 'success*success' }, false],
    [{ field: 'event.outcome', like: '*x*' }, false],
  ];
  for (const [filter, expected] of cases) test(`${kqlOf(filter)} is ${expected}`, () => assert.equal(matches(filter, document), expected));

  test('is the same in Kibana\'s language and as a query', () => {
    const filter: Filter = { all: [{ field: 'event.kind', is: ['alert'] }, { any: [{ field: 'rule.name', like: 'Data*' }, { not: { field: 'user.id', is: ['a "b"', 'c'] } }] }] };
    assert.equal(kqlOf(filter), 'event.kind: alert and (rule.name: Data* or not user.id: ("a \\"b\\"" or c))');
    assert.deepEqual(queryOf(filter), {
      bool: { filter: [
        { terms: { 'event.kind': ['alert'] } },
        { bool: { should: [{ wildcard: { 'rule.name': { value: 'Data*' } } }, { bool: { must_not: [{ terms: { 'user.id': ['a "b"', 'c'] } }] } }], minimum_should_match: 1 } },
      ] },
    });
  });
});

describe('what counts as shared outside', () => {
  const share = (action: string, type?: string, name?: string): object => ({ event: { action }, o365: { audit: { TargetUserOrGroupType: type, TargetUserOrGroupName: name } } });
  for (const [title, event, expected] of [
    ['a link for anyone', share('AnonymousLinkCreated'), true],
    ['a guest who is let in', share('AddedToSecureLink', 'Guest', 'a_b.example#ext#@c.example'), true],
    ['the group of an anonymous link', share('SharingSet', 'SharePointGroup', 'SharingLinks.0.AnonymousEdit.1'), true],
    ['a colleague', share('SharingInvitationCreated', 'Member', 'a@c.example'), false],
    ['a link for the company', share('CompanyLinkCreated'), false],
    ['a guest who loses access', share('SharingRevoked', 'Guest', 'a'), false],
  ] as const) test(`${title}: ${expected ? 'yes' : 'no'}`, () => assert.equal(matches(QUESTIONS.sharedOutside, event), expected));
});
