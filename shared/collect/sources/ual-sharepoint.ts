import { feedSource } from './ual.ts';

export const source = feedSource('ual-sharepoint', 'Audit.SharePoint');
