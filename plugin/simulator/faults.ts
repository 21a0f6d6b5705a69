/** Which faults are on, for whom, and how often yet: the switchboard that every part of the simulator asks before it answers. */
import { failure } from '../errors.ts';
import { ERROR_FORMS, FAULT_NAMES, FAULTS, type ActName, type FaultName, type FaultParameter, type FaultParameters } from './faults.table.ts';
import type { Random } from './random.ts';

/** How a fault is switched on; besides these, a fault takes the parameters of its row. */
export interface FaultSetting {
  /** How many times it happens before it switches itself off; absent = until it is switched off. */
  readonly count?: number;
  /** How many chances it lets pass first. */
  readonly after?: number;
  /** The probability that a chance is taken, by the simulator's seed; 1 by default. */
  readonly chance?: number;
  /** It switches itself off after this time. */
  readonly forMs?: number;
  /** Only this tenant (its GUID), this content type, requests whose path holds this text. */
  readonly tenant?: string;
  readonly contentType?: string;
  readonly path?: string;
  readonly [parameter: string]: FaultParameter | undefined;
}

/** What a fault would hit. */
export interface FaultTarget {
  readonly tenant?: string | undefined;
  readonly contentType?: string | undefined;
  readonly path: string;
}

export interface FaultState {
  readonly area: string;
  readonly sentence: string;
  readonly count: string;
  readonly parameters: Readonly<Record<string, FaultParameter>>;
  /** The setting it is on with, its counts as they are now; null when off. */
  readonly on: FaultSetting | null;
  /** How often it has happened. */
  readonly happened: number;
}

/** The faults of one simulator; safe to switch at any moment, also over HTTP (`PUT /simulator/faults`). */
export interface Faults {
  /** Switches a fault on, in place of an earlier setting. Those counted "at once" happen now (`count` times, 1 by default). Throws SIMULATOR_FAULT_…. */
  set(name: FaultName, setting?: FaultSetting): void;
  /** Switches one fault off, or all. */
  clear(name?: FaultName): void;
  /** Every fault of the table and how it stands. */
  list(): Record<FaultName, FaultState>;
  happened(name: FaultName): number;
}

/** The side of the switchboard that the simulator's own parts see. */
export interface FaultBoard extends Faults {
  /** Uses a fault up once if it is on and meant for this target. */
  take<Name extends FaultName>(name: Name, target: FaultTarget): FaultParameters<Name> | undefined;
  /** As `take`, but changes nothing: for switches, and to foresee. */
  peek<Name extends FaultName>(name: Name, target: FaultTarget): FaultParameters<Name> | undefined;
  isOn(name: FaultName): boolean;
  /** True when the fault would hit this target every time until somebody switches it off. */
  isStanding(name: FaultName, target: FaultTarget): boolean;
}

interface Live {
  readonly setting: FaultSetting;
  remaining: number;
  toPass: number;
  readonly untilMs: number;
}

const GENERAL_KEYS: Readonly<Record<string, 'number' | 'string'>> = { count: 'number', after: 'number', chance: 'number', forMs: 'number', tenant: 'string', contentType: 'string', path: 'string' };

export interface FaultBoardOptions {
  readonly nowMs: () => number;
  readonly random: Random;
  /** Makes a fault happen that is counted "at once". */
  readonly act: (name: ActName, setting: FaultSetting, parameters: Readonly<Record<string, FaultParameter>>) => void;
}

/** Makes a switchboard with everything off. */
export function createFaults({ nowMs, random, act }: FaultBoardOptions): FaultBoard {
  const live = new Map<FaultName, Live>();
  const happened = new Map<FaultName, number>();
  const note = (name: FaultName): void => void happened.set(name, (happened.get(name) ?? 0) + 1);

  const matching = (name: FaultName, target: FaultTarget): Live | undefined => {
    const entry = live.get(name);
    if (entry === undefined) return undefined;
    if (nowMs() >= entry.untilMs) {
      live.delete(name);
      return undefined;
    }
    const { tenant, contentType, path } = entry.setting;
    if (tenant !== undefined && tenant.toLowerCase() !== target.tenant?.toLowerCase()) return undefined;
    if (contentType !== undefined && contentType.toLowerCase() !== target.contentType?.toLowerCase()) return undefined;
    return path === undefined || target.path.includes(path) ? entry : undefined;
  };

  return {
    set: (name, setting = {}) => {
      checkSetting(name, setting);
      if (isAct(name)) {
        for (let time = 0; time < (setting.count ?? 1); time++) {
          act(name, setting, parametersOf(name, setting));
          note(name);
        }
        return;
      }
      if (setting.count === 0) live.delete(name);
      else live.set(name, { setting, remaining: setting.count ?? Infinity, toPass: setting.after ?? 0, untilMs: nowMs() + (setting.forMs ?? Infinity) });
    },
    clear: (name) => name === undefined ? live.clear() : void live.delete(name),
    isOn: (name) => live.has(name),
    isStanding: (name, target) => {
      const entry = matching(name, target);
      return entry?.remaining === Infinity && entry.untilMs === Infinity && entry.setting.chance === undefined;
    },
    happened: (name) => happened.get(name) ?? 0,
    peek: (name, target) => {
      const entry = matching(name, target);
      return entry === undefined ? undefined : parametersOf(name, entry.setting);
    },
    take: (name, target) => {
      const entry = matching(name, target);
      if (entry === undefined) return undefined;
      if (entry.toPass > 0) {
        entry.toPass--;
        return undefined;
      }
      if (entry.setting.chance !== undefined && !random.chance(entry.setting.chance)) return undefined;
      if (--entry.remaining <= 0) live.delete(name);
      note(name);
      return parametersOf(name, entry.setting);
    },
    list: () => Object.fromEntries(FAULT_NAMES.map((name) => {
      const entry = live.get(name);
      const on = entry === undefined ? null : { ...entry.setting, ...(entry.remaining === Infinity ? {} : { count: entry.remaining }), ...(entry.toPass > 0 ? { after: entry.toPass } : {}) };
      return [name, { ...FAULTS[name], on, happened: happened.get(name) ?? 0 }];
    })) as Record<FaultName, FaultState>,
  };
}

/** The name, if the table has it. Throws SIMULATOR_FAULT_UNKNOWN. */
export function faultName(name: string): FaultName {
  if (!Object.hasOwn(FAULTS, name)) throw failure('SIMULATOR_FAULT_UNKNOWN', { name, names: FAULT_NAMES.join(', ') });
  return name as FaultName;
}

function isAct(name: FaultName): name is ActName {
  return FAULTS[name].count === 'at once';
}

function parametersOf<Name extends FaultName>(name: Name, setting: FaultSetting): FaultParameters<Name> {
  const defaults: Readonly<Record<string, FaultParameter>> = FAULTS[name].parameters;
  return Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, setting[key] ?? value])) as FaultParameters<Name>;
}

function checkSetting(name: FaultName, setting: FaultSetting): void {
  const parameters: Readonly<Record<string, FaultParameter>> = FAULTS[name].parameters;
  for (const [key, value] of Object.entries(setting)) {
    const expected = key in parameters ? typeof parameters[key] : GENERAL_KEYS[key];
    const known = [...Object.keys(parameters), ...Object.keys(GENERAL_KEYS)];
    if (expected === undefined) throw failure('SIMULATOR_FAULT_SETTING', { name, setting: key, expected: `one of ${known.join(', ')}` });
    if (value !== undefined && (typeof value !== expected || Number.isNaN(value))) throw failure('SIMULATOR_FAULT_SETTING', { name, setting: key, expected: `a ${expected}` });
    if (key === 'form' && !(ERROR_FORMS as readonly unknown[]).includes(value)) throw failure('SIMULATOR_FAULT_SETTING', { name, setting: key, expected: `one of ${ERROR_FORMS.join(', ')}` });
  }
}
