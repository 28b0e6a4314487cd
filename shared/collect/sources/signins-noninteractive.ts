import { signInSource } from './signins.ts';

export const source = signInSource('signins-noninteractive', 'nonInteractiveUser');
