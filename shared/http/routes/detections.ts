import { z } from 'zod';
import type { Route } from '../route.ts';
import { finding, id, object, tenant } from '../schemas.ts';

/** Calls on findings and rules beside those of the public contract. */

const ofTenant = z.object({ tenant: tenant.optional() });
const MAX_TEXT = 512 * 1024;
const file = z.object({ name: z.string().max(200) });

export const DETECTION_ROUTES: readonly Route[] = [
  {
    path: '/findings/{id}',
    method: 'get',
    role: 'Investigator',
    summary: 'One finding, with its ETag',
    params: z.object({ id }),
    query: ofTenant,
    answers: { 200: { description: 'The finding', schema: finding, headers: ['etag'] } },
  },
  {
    path: '/findings/{id}/session',
    method: 'get',
    role: 'Investigator',
    expensive: true,
    summary: "The finding's session: all its records, a verdict with its reasons, and who else is touched",
    params: z.object({ id }),
    query: ofTenant,
    answers: { 200: { description: 'The session', schema: object } },
  },
  {
    path: '/rules/{name}',
    method: 'put',
    role: 'Admin',
    maxBody: MAX_TEXT,
    summary: 'Load a file of Sigma rules beside the built-in ones',
    params: file,
    query: ofTenant,
    body: { type: 'application/yaml' },
    answers: { 200: { description: 'The rules of the file, each with its binding status', schema: object } },
  },
  {
    path: '/rules/{name}',
    method: 'delete',
    role: 'Admin',
    summary: 'Remove a loaded file of rules',
    params: file,
    query: ofTenant,
    answers: { 204: { description: 'Removed' } },
  },
  {
    path: '/allow-lists',
    method: 'get',
    role: 'Investigator',
    summary: 'What suppresses findings, and which levels alert',
    query: ofTenant,
    answers: { 200: { description: 'The list', schema: object } },
  },
  {
    path: '/allow-lists',
    method: 'put',
    role: 'Admin',
    maxBody: MAX_TEXT,
    summary: 'Replace the list of trusted networks, countries, applications and people',
    query: ofTenant,
    body: { type: 'application/json', schema: object },
    answers: { 200: { description: 'The list', schema: object } },
  },
];
