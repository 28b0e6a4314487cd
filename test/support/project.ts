import { fileURLToPath } from 'node:url';

/** The project's folder; reference data lies beside it in `../shared`. */
export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
