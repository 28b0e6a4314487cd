import type { SourceId } from '../../../shared/sources.ts';

/** One record (or one version of it) as the simulated tenant publishes it. */
export interface PublishedRecord {
  /** One of the 12 collected sources; `ual-search` and `import` are views, not streams of their own. */
  readonly source: SourceId;
  /** The record's JSON text exactly as the API must serve it. */
  readonly text: string;
  /** Event instant, ms since the epoch. */
  readonly eventMs: number;
  /** The API returns it from this instant on. */
  readonly availableMs: number;
  /** The API returns it until this instant: a later version replaces it. */
  readonly goneMs?: number;
}

/** The streams records are published on, in the order their numbers are stored. */
export const PUBLISHED_SOURCES = [
  'signins-interactive',
  'signins-noninteractive',
  'signins-serviceprincipal',
  'signins-managedidentity',
  'directory-audits',
  'provisioning',
  'risk-detections',
  'ual-entra',
  'ual-exchange',
  'ual-sharepoint',
  'ual-general',
  'ual-dlp',
] as const satisfies readonly SourceId[];

export type PublishedSource = (typeof PUBLISHED_SOURCES)[number];

/** The Management API's content types and the sources they feed. */
export const CONTENT_TYPES = {
  'Audit.AzureActiveDirectory': 'ual-entra',
  'Audit.Exchange': 'ual-exchange',
  'Audit.SharePoint': 'ual-sharepoint',
  'Audit.General': 'ual-general',
  'DLP.All': 'ual-dlp',
} as const satisfies Record<string, PublishedSource>;

export type ContentType = keyof typeof CONTENT_TYPES;

export const isContentType = (text: string): text is ContentType => Object.hasOwn(CONTENT_TYPES, text);
