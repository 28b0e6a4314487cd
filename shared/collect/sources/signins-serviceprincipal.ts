import { signInSource } from './signins.ts';

export const source = signInSource('signins-serviceprincipal', 'servicePrincipal');
