/** What this version has for a store, which `setup` installs and `check` looks for. */
import { probeFeatures, type StoreFeatures } from '../store/features.ts';
import { STORE_FIELDS } from '../store/fields.table.ts';
import type { Store } from '../store/client.ts';
import { probeSteps, type EnrichmentStep, type StepState } from '../store/pipeline.ts';
import { installedLayout, layoutOf, type AskedLayout } from '../store/plan.ts';
import { storeResources, type Resource, type StoreLayout } from '../store/resources.ts';
import { statusFieldTypes } from '../telemetry/status.ts';

export interface StoreResources {
  readonly features: StoreFeatures;
  readonly steps: readonly StepState[];
  readonly layout: StoreLayout;
  /** What an earlier setup was told. */
  readonly installed: Partial<StoreLayout>;
  readonly resources: readonly Resource[];
}

/** The resources for a server that knows these features and can do these steps. */
export function resourcesFor(features: StoreFeatures, steps: readonly EnrichmentStep[], layout: StoreLayout, version: string): readonly Resource[] {
  return storeResources({ fields: STORE_FIELDS, statusFields: statusFieldTypes(), features, steps, layout, version });
}

/** The resources for the server that answers, by what it can do, what an earlier setup was told, and what is asked for now. Rejects as the store does. */
export async function resourcesOf(store: Store, asked: AskedLayout, version: string, signal: AbortSignal): Promise<StoreResources> {
  const features = await probeFeatures(store, signal);
  const steps = await probeSteps(store, signal);
  const installed = await installedLayout(store, signal);
  const layout = layoutOf(asked, installed);
  return { features, steps, layout, installed, resources: resourcesFor(features, steps.filter(({ state }) => state !== 'missing').map(({ step }) => step), layout, version) };
}
