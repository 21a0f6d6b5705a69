/** Makes the picture of any number of documents, one after the other, in bounded memory. */
import { factsOf, textAt, type Facts } from './facts.ts';
import { NewestOf } from './newest.ts';
import type { Alert, Picture, Share } from './picture.ts';
import { NameCounts } from './ranking.ts';
import { TimeSeries } from './time-series.ts';

/** Detections of risky users say how bad it is in words: as event.severity counts them. */
const RISK_LEVELS = ['none', 'low', 'medium', 'high'];
const HIGH = 4;
/** What events without a workload are shown under. */
const NO_WORKLOAD = '(none)';

export interface Aggregation {
  /** Counts one ECS document, as parsed JSON; it may be anything. */
  add(document: unknown): void;
  /** Counts a line that is no document. */
  addUnreadable(): void;
  picture(about: Pick<Picture, 'version' | 'madeAtMs' | 'sources'>): Picture;
}

/** An empty aggregation. */
export function createAggregation(): Aggregation {
  return new DocumentAggregation();
}

class DocumentAggregation implements Aggregation {
  readonly #counts = { events: 0, failures: 0, signIns: 0, failedSignIns: 0, sharedOutside: 0, alerts: 0, highAlerts: 0, mappingProblems: 0, withoutTime: 0, unreadableLines: 0 };
  #fromMs = Infinity;
  #toMs = -Infinity;
  readonly #timeline = new TimeSeries();
  readonly #signInTimeline = new TimeSeries();
  readonly #tenants = new NameCounts();
  readonly #workloads = new NameCounts();
  readonly #users = new NameCounts();
  readonly #operations = new NameCounts();
  readonly #signIns = new NameCounts();
  readonly #signInFailures = new NameCounts();
  readonly #addresses = new NameCounts();
  readonly #countries = new NameCounts();
  readonly #alertNames = new NameCounts();
  readonly #shares = new NewestOf<Share>();
  readonly #alerts = new NewestOf<Alert>();

  add(document: unknown): void {
    const facts = factsOf(document);
    const { atMs, isFailure, isSignIn, user, address } = facts;
    const workload = facts.workload === '' ? NO_WORKLOAD : facts.workload;
    this.#count(facts);
    if (atMs !== undefined) {
      this.#fromMs = Math.min(this.#fromMs, atMs);
      this.#toMs = Math.max(this.#toMs, atMs);
      this.#timeline.add(atMs, workload);
      if (isSignIn) this.#signInTimeline.add(atMs, isFailure ? 'Failed' : 'Succeeded');
    }
    const common = { atMs, isFailure, isFailedSignIn: isSignIn && isFailure };
    this.#tenants.add({ ...common, name: facts.tenant });
    this.#workloads.add({ ...common, name: workload, partner: user });
    this.#users.add({ ...common, name: user, partner: address });
    this.#operations.add({ ...common, name: facts.operation, group: workload, partner: user });
    this.#addresses.add({ ...common, name: address, detail: [facts.country, facts.network].filter((text) => text !== '').join(' · '), partner: user });
    this.#countries.add({ ...common, name: facts.country, partner: user });
    if (isSignIn) this.#signIns.add({ ...common, name: user, partner: address });
    if (isSignIn && isFailure) this.#signInFailures.add({ ...common, name: facts.reason === '' ? '(no reason given)' : facts.reason, partner: user });
    if (facts.isSharedOutside) this.#shares.add(shareOf(document, facts));
    if (facts.isAlert) {
      const alert = alertOf(document, facts, workload);
      this.#alerts.add(alert);
      if (alert.severity === HIGH) this.#counts.highAlerts += 1;
      this.#alertNames.add({ ...common, name: alert.name, partner: user });
    }
  }

  addUnreadable(): void {
    this.#counts.unreadableLines += 1;
  }

  picture(about: Pick<Picture, 'version' | 'madeAtMs' | 'sources'>): Picture {
    const hasTime = this.#toMs >= this.#fromMs;
    const [fromMs, toMs] = hasTime ? [this.#fromMs, this.#toMs] : [0, 0];
    return {
      ...about,
      tenants: this.#tenants.ranking().rows.map(({ name, events }) => ({ name, events })),
      ...(hasTime ? { span: { fromMs, toMs } } : {}),
      counts: { ...this.#counts },
      timeline: this.#timeline.timeline(fromMs, toMs),
      signInTimeline: this.#signInTimeline.timeline(fromMs, toMs),
      workloads: this.#workloads.ranking(),
      users: this.#users.ranking(),
      operations: this.#operations.ranking(),
      signIns: this.#signIns.ranking(({ failures }) => failures),
      signInFailures: this.#signInFailures.ranking(),
      addresses: this.#addresses.ranking(),
      countries: this.#countries.ranking(),
      alertNames: this.#alertNames.ranking(),
      shares: this.#shares.newest(),
      alerts: this.#alerts.newest(),
    };
  }

  #count({ atMs, isFailure, isSignIn, isSharedOutside, isAlert, isMappingProblem }: Facts): void {
    const counts = this.#counts;
    counts.events += 1;
    if (isFailure) counts.failures += 1;
    if (isSignIn) counts.signIns += 1;
    if (isSignIn && isFailure) counts.failedSignIns += 1;
    if (isSharedOutside) counts.sharedOutside += 1;
    if (isAlert) counts.alerts += 1;
    if (isMappingProblem) counts.mappingProblems += 1;
    if (atMs === undefined) counts.withoutTime += 1;
  }
}

function shareOf(document: unknown, { atMs = 0, user, operation }: Facts): Share {
  const target = textAt(document, 'o365.audit.TargetUserOrGroupName', 'user.target.id');
  const isLink = operation.startsWith('AnonymousLink') || /^SharingLinks\..*\.Anonymous/.test(target);
  return { atMs, user, operation, item: textAt(document, 'file.name', 'file.path', 'url.original', 'o365.audit.ObjectId'), sharedWith: isLink ? 'anyone with the link' : target };
}

function alertOf(document: unknown, { atMs = 0, user, operation }: Facts, workload: string): Alert {
  const severity = Number(textAt(document, 'event.severity')) || RISK_LEVELS.indexOf(textAt(document, 'o365.audit.RiskLevel').toLowerCase()) + 1;
  const name = textAt(document, 'rule.name', 'message', 'o365.audit.AlertDisplayName', 'o365.audit.Name', 'o365.audit.RiskEventType');
  return { atMs, severity: severity >= 1 && severity <= 4 ? severity : 0, name: name === '' ? operation : name, operation, workload, user };
}
