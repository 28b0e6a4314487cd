import { cached } from '../../cached.ts';

/** Browser and system of a user agent, without versions: updates are no news. */
export const agentFamily = (agent: string | undefined): string => (agent ? familyOf(agent) : '');

const familyOf = cached((agent: string): string => {
  const browser = BROWSERS.find(([pattern]) => pattern.test(agent))?.[1] ?? agent.split(/[/\s;(]/)[0] ?? '';
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
  return system ? `${browser} on ${system}` : browser;
});

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//i, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\//, 'Firefox'],
  [/\bChrome\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Windows/i, 'Windows'],
  [/iPhone|iPad|iOS/i, 'iOS'],
  [/Android/i, 'Android'],
  [/Mac OS X|Macintosh/i, 'macOS'],
  [/Linux|X11/i, 'Linux'],
];
