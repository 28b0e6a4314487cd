import { feedSource } from './ual.ts';

export const source = feedSource('ual-entra', 'Audit.AzureActiveDirectory');
