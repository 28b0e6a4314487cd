import { feedSource } from './ual.ts';

export const source = feedSource('ual-exchange', 'Audit.Exchange');
