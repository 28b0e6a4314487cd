import { feedSource } from './ual.ts';

export const source = feedSource('ual-general', 'Audit.General');
