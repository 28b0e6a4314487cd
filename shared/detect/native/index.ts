import { fileDownload, hostingSignIn, mailSync, newMailApplication, webMail } from './baselines.ts';
import { forwardsOutside } from './forwarding.ts';
import { impossibleTravel } from './impossible-travel.ts';
import { mailManyRecipients } from './mail-recipients.ts';
import type { NativeRule } from './native-rule.ts';
import { rogueApplication } from './rogue-applications.ts';
import { tokenReplay } from './token-replay.ts';

/** A new native rule is one more file in this folder and one more name here. */
export const NATIVE_RULES: readonly NativeRule[] = [
  forwardsOutside,
  rogueApplication,
  tokenReplay,
  impossibleTravel,
  hostingSignIn,
  mailSync,
  webMail,
  fileDownload,
  newMailApplication,
  mailManyRecipients,
];
