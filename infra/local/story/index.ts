/**
 * The story: a company of 300 people, thirty days of ordinary Microsoft 365 traffic, and one intrusion.
 * Seeded and lazy; the shapes are the vendors', the values invented, the intrusion that of the reference deck.
 */
import type { PublishedRecord } from '../tenant/records.ts';
import { chronicle } from './chronicle.ts';
import type { StoryOptions } from './options.ts';

export { DEFAULT_TENANT_ID, type StoryOptions } from './options.ts';
export { storyState } from './state.ts';
export { summariseStory, type SourceSummary, type StorySummary } from './summary.ts';
export {
  storyGroundTruth,
  type GroundTruth,
  type TruthAccount,
  type TruthRecord,
  type TruthStep,
  type TruthUser,
} from './truth.ts';

/** The story's records, day by day; within a day person by person, not sorted by time. Holds one person's day at a time. */
export function* generateStory(o: StoryOptions): Generator<PublishedRecord> {
  for (const { source, text, eventMs, availableMs, goneMs } of chronicle(o))
    yield goneMs === undefined
      ? { source, text, eventMs, availableMs }
      : { source, text, eventMs, availableMs, goneMs };
}

/** The name under which the simulated tenant's command line looks for a story. */
export const story = generateStory;
