import type { Route } from '../route.ts';
import { DETECTION_ROUTES } from './detections.ts';
import { READ_ROUTES } from './read.ts';
import { WORK_ROUTES } from './work.ts';

/** Every call of the public contract (DESIGN §7). A function without an entry here fails the contract test. */
export const ROUTES: readonly Route[] = [...READ_ROUTES, ...WORK_ROUTES, ...DETECTION_ROUTES];
