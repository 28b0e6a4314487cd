import type { SourceId } from '../../sources.ts';
import type { SourceSpec } from '../spec.ts';
import { source as directoryAudits } from './directory-audits.ts';
import { source as provisioning } from './provisioning.ts';
import { source as riskDetections } from './risk-detections.ts';
import { source as signinsInteractive } from './signins-interactive.ts';
import { source as signinsManagedIdentity } from './signins-managedidentity.ts';
import { source as signinsNonInteractive } from './signins-noninteractive.ts';
import { source as signinsServicePrincipal } from './signins-serviceprincipal.ts';
import { source as ualDlp } from './ual-dlp.ts';
import { source as ualEntra } from './ual-entra.ts';
import { source as ualExchange } from './ual-exchange.ts';
import { source as ualGeneral } from './ual-general.ts';
import { source as ualSharepoint } from './ual-sharepoint.ts';

/** Every source that timers collect: one file each; a new one is listed here and nowhere else. */
export const SOURCES: readonly SourceSpec[] = [
  signinsInteractive,
  signinsNonInteractive,
  signinsServicePrincipal,
  signinsManagedIdentity,
  directoryAudits,
  provisioning,
  riskDetections,
  ualEntra,
  ualExchange,
  ualSharepoint,
  ualGeneral,
  ualDlp,
];

export const sourceSpec = (id: SourceId): SourceSpec | undefined => SOURCES.find((s) => s.id === id);
