/** Every family of own events, and the deck from which a feed's events are dealt: each record type once, then by weight. */
import type { ContentType } from '../../types.ts';
import type { Random } from '../random.ts';
import { alerts } from './alerts.ts';
import { complianceCmdlets } from './compliance-cmdlets.ts';
import { copilot } from './copilot.ts';
import { directory } from './directory.ts';
import { dataLossPrevention } from './dlp.ts';
import { eDiscovery } from './ediscovery.ts';
import { engage } from './engage.ts';
import { exchangeAdmin } from './exchange-admin.ts';
import type { Family } from './family.ts';
import { investigation } from './investigation.ts';
import { labels, mailLabels } from './labels.ts';
import { mailProtection, restrictedSenders } from './mail-protection.ts';
import { mailbox } from './mailbox.ts';
import { owaAuth } from './owa-auth.ts';
import { powerPlatform } from './power-platform.ts';
import { productivity } from './productivity.ts';
import { insiderRisk, riskDetection } from './risk.ts';
import { sharePointFile } from './sharepoint-file.ts';
import { sharePoint } from './sharepoint.ts';
import { signIn } from './signin.ts';
import { teams } from './teams.ts';
import { threatIntelligence } from './threat-intelligence.ts';

/** The families by the feed that their events come in. */
export const FAMILIES: Readonly<Record<ContentType, readonly Family[]>> = {
  'Audit.AzureActiveDirectory': [signIn, directory, riskDetection],
  'Audit.Exchange': [exchangeAdmin, mailbox, owaAuth, mailLabels, restrictedSenders],
  'Audit.SharePoint': [sharePointFile, sharePoint],
  'Audit.General': [teams, alerts, threatIntelligence, copilot, complianceCmdlets, mailProtection, powerPlatform, labels, investigation, engage, productivity, eDiscovery, insiderRisk],
  'DLP.All': [dataLossPrevention],
};

export interface Card {
  readonly family: Family;
  readonly recordType: number;
}

/** Deals kinds of events for one feed without end: first each record type once, in an order of the seed, then by weight. */
export function* dealCards(contentType: ContentType, random: Random): Generator<Card, never> {
  const kinds = FAMILIES[contentType].flatMap((family) => Object.entries(family.recordTypes).map(([recordType, weight]) => ({ family, recordType: Number(recordType), weight })));
  yield* random.sample(kinds, kinds.length);
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
  for (;;) {
    let at = random.next() * total;
    yield kinds.find(({ weight }) => (at -= weight) < 0) ?? random.pick(kinds);
  }
}
