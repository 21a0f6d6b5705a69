import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dashboardFile, dashboardObjects, DASHBOARD_ID, type SavedObject } from '../../../plugin/report/dashboard.ts';
import { fieldsOf, PANELS } from '../../../plugin/report/dashboard.table.ts';
import { STORE_FIELDS } from '../../../plugin/store/fields.table.ts';

interface PanelInDashboard {
  readonly panelIndex: string;
  readonly panelRefName: string;
  readonly type: string;
  readonly gridData: { readonly x: number; readonly y: number; readonly w: number; readonly h: number; readonly i: string };
}

const objects = dashboardObjects();
const dashboard = objects.find(({ id }) => id === DASHBOARD_ID);
const panels = JSON.parse(String(dashboard?.attributes.panelsJSON)) as readonly PanelInDashboard[];

/** All texts in an object that are to be JSON, by where they stand. */
function jsonTexts(value: unknown, place = ''): (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => typeof inner === 'string' && /JSON$|^visState$/.test(name) ? [[`${place}.${name}`, inner] as const] : jsonTexts(inner, `${place}.${name}`));
}

/** Names in an object that refer to one of its references. */
function referenceNames({ attributes, type }: SavedObject): string[] {
  return jsonTexts(attributes).flatMap(([, text]) => [...text.matchAll(/"(?:indexRefName|indexPatternRefName)":"([^"]+)"/g)].map(([, name = '']) => name))
    .concat(type === 'dashboard' ? panels.map(({ panelIndex, panelRefName }) => `${panelIndex}:${panelRefName}`) : []);
}

describe('the dashboard', () => {
  test('is lines of JSON, each of them whole, in the form of version 8.0', () => {
    const lines = dashboardFile().split('\n').slice(0, -1).map((line) => JSON.parse(line) as SavedObject & { readonly coreMigrationVersion: string; readonly migrationVersion: Readonly<Record<string, string>> });
    assert.equal(lines.length, PANELS.length + 2);
    for (const { id, type, coreMigrationVersion, migrationVersion } of lines) {
      assert.ok(id.startsWith('o365audit-'));
      assert.deepEqual([coreMigrationVersion, migrationVersion], ['8.0.0', { [type]: '8.0.0' }]);
    }
    assert.equal(new Set(lines.map(({ type, id }) => `${type} ${id}`)).size, lines.length);
  });

  test('holds texts of JSON that can be parsed', () => {
    for (const { id, attributes } of objects) for (const [place, text] of jsonTexts(attributes)) assert.doesNotThrow(() => JSON.parse(text), `${id}${place}`);
  });

  test('refers to nothing that is not there, and has no reference that nothing uses', () => {
    const known = new Set(objects.map(({ type, id }) => `${type} ${id}`));
    for (const object of objects) {
      for (const { type, id } of object.references) assert.ok(known.has(`${type} ${id}`), `${object.id}: ${type} ${id}`);
      assert.deepEqual(new Set(referenceNames(object)), new Set(object.references.map(({ name }) => name)), object.id);
    }
  });

  test('places each panel once, side by side and without overlap, in 48 columns', () => {
    assert.equal(new Set(panels.map(({ panelIndex }) => panelIndex)).size, PANELS.length);
    const taken = new Set<string>();
    for (const { panelIndex, gridData: { x, y, w, h, i } } of panels) {
      assert.equal(i, panelIndex);
      assert.ok(x >= 0 && x + w <= 48, panelIndex);
      for (let column = x; column < x + w; column++) for (let row = y; row < y + h; row++) {
        assert.ok(!taken.has(`${column} ${row}`), panelIndex);
        taken.add(`${column} ${row}`);
      }
    }
  });

  test('asks only for fields that the template has', () => {
    const known = new Map(STORE_FIELDS.map(([name, type]) => [name, type]));
    for (const panel of PANELS) for (const field of fieldsOf(panel)) assert.ok(known.has(field), `${panel.id}: ${field}`);
    for (const { id, geoField } of PANELS) if (geoField !== undefined) assert.equal(known.get(geoField), 'geo_point', id);
    for (const { id, splits = [] } of PANELS) for (const { field } of splits) assert.doesNotMatch(known.get(field) ?? '', /text|object|flattened|nested/, `${id}: ${field}`);
  });

  test('has everything that the dashboard of Filebeat\'s module has', () => {
    for (const id of ['events', 'events-over-time', 'event-types', 'authentication-failures', 'client-map', 'data-loss-prevention', 'all-events']) assert.ok(PANELS.some((panel) => panel.id === id), id);
  });
});
