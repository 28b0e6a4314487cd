/** The ids of DESIGN §3: one stream of records each. Their collectors live in `collect/sources/`. */
export const SOURCE_IDS = [
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
  'ual-search',
  'import',
] as const;

export type SourceId = (typeof SOURCE_IDS)[number];

export const isSourceId = (text: string): text is SourceId =>
  (SOURCE_IDS as readonly string[]).includes(text);

/** Sources that timers collect, each with coverage of its own. */
export const COLLECTED_SOURCES: readonly SourceId[] = SOURCE_IDS.filter((id) => id !== 'import');

/** The content types of the Management Activity API. Their windows lie on the time at which content became available. */
export const FEED_SOURCES: readonly SourceId[] = [
  'ual-entra',
  'ual-exchange',
  'ual-sharepoint',
  'ual-general',
  'ual-dlp',
];
