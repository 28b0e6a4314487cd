import { feedSource } from './ual.ts';

export const source = feedSource('ual-dlp', 'DLP.All', 'ActivityFeed.ReadDlp');
