import type { SourceId } from '../../sources.ts';
import type { FeedSpec } from '../spec.ts';

/** One content type of the Office 365 Management Activity API; windows lie on the time of availability. */
export const feedSource = (
  id: SourceId,
  contentType: string,
  permission = 'ActivityFeed.Read',
): FeedSpec => ({
  id,
  api: 'feed',
  contentType,
  windowMinutes: 60,
  // Half of what a listing may span: a range of exactly 24 hours has been refused.
  backfillHours: 12,
  retentionDays: 7,
  marginMs: 60_000,
  remedy: {
    permission: `Grant the application permission ${permission} (Office 365 Management APIs) and give admin consent.`,
    licence:
      'Turn auditing on in Microsoft Purview (Audit > Start recording); it takes effect within 60 minutes.',
  },
});
