import { z } from 'zod';
import { incidentRequest } from '../../bundle/incident/incident.ts';
import type { Route } from '../route.ts';
import { FORMATS } from '../../import/layout.ts';
import { finding, id, imported, limit, object, span, tenant, time } from '../schemas.ts';

const MAX_JSON = 1024 * 1024;
/** A body is in memory whole (the platform hands it over so); longer files go to container `uploads`. */
export const MAX_IMPORT_BODY = 16 * 1024 * 1024;
const ofTenant = z.object({ tenant: tenant.optional() });
const accepted = { description: 'Accepted', schema: object, headers: ['location'] };

const runRequest = z.looseObject({
  tenant: tenant.optional(),
  from: time,
  to: time,
  rules: z.array(z.string().max(200)).max(1000).optional(),
  sigma: z.union([z.string(), z.array(z.string())]).optional(),
  users: z.union([z.string(), z.array(z.string())]).optional(),
});

export const WORK_ROUTES: readonly Route[] = [
  {
    path: '/incidents',
    method: 'post',
    role: 'Investigator',
    expensive: true,
    maxBody: MAX_JSON,
    summary: 'Ask for a bundle that is built in the background',
    query: ofTenant,
    body: { type: 'application/json', schema: incidentRequest },
    answers: { 202: accepted },
  },
  {
    path: '/incidents/{id}',
    method: 'get',
    role: 'Investigator',
    summary: 'State and progress of an incident',
    params: z.object({ id }),
    query: ofTenant,
    answers: { 200: { description: 'The incident', schema: object } },
  },
  {
    path: '/incidents/{id}',
    method: 'delete',
    role: 'Investigator',
    summary: 'Cancel an incident: its job stops, its results are removed',
    params: z.object({ id }),
    query: ofTenant,
    answers: { 200: { description: 'The incident, cancelled', schema: object } },
  },
  {
    path: '/incidents/{id}/bundle',
    method: 'get',
    role: 'Investigator',
    expensive: true,
    summary: "The incident's zip",
    params: z.object({ id }),
    query: ofTenant,
    answers: {
      200: { description: 'The zip', type: 'application/zip' },
      303: { description: 'The zip is large: fetch it there, within minutes', headers: ['location'] },
    },
  },
  {
    path: '/detections/runs',
    method: 'post',
    role: 'Investigator',
    expensive: true,
    maxBody: MAX_JSON,
    summary: 'Run rules over the archive in the background',
    query: ofTenant,
    body: { type: 'application/json', schema: runRequest },
    answers: { 202: accepted },
  },
  {
    path: '/detections/runs/{id}',
    method: 'get',
    role: 'Investigator',
    summary: 'State of a run, and what it found',
    params: z.object({ id }),
    query: z.object({ tenant: tenant.optional(), after: z.string().max(100).optional() }),
    answers: { 200: { description: 'The run', schema: object } },
  },
  {
    path: '/findings',
    method: 'get',
    role: 'Investigator',
    summary: 'Findings by time, paged by nextLink',
    query: z.object({
      tenant: tenant.optional(),
      ...span,
      user: z.string().max(1000).optional(),
      rule: z.string().max(200).optional(),
      level: z.string().max(40).optional(),
      minLevel: z.string().max(40).optional(),
      session: z.string().max(600).optional(),
      state: z.string().max(40).optional(),
      limit: limit.optional(),
      after: z.string().max(600).optional(),
    }),
    answers: {
      200: {
        description: 'A page of findings',
        schema: z.looseObject({ findings: z.array(finding), nextLink: z.string().optional() }),
      },
    },
  },
  {
    path: '/findings/{id}',
    method: 'patch',
    role: 'Investigator',
    maxBody: MAX_JSON,
    summary: 'Change the state of a finding',
    params: z.object({ id }),
    query: ofTenant,
    body: {
      type: 'application/json',
      schema: z.looseObject({
        state: z.enum(['open', 'closed', 'suppressed']),
        reason: z.string().optional(),
      }),
    },
    answers: { 200: { description: 'The finding', schema: finding } },
  },
  {
    path: '/rules',
    method: 'get',
    role: 'Reader',
    summary: 'Built-in and loaded rules',
    query: ofTenant,
    answers: { 200: { description: 'The rules', schema: object } },
  },
  {
    path: '/import',
    method: 'post',
    role: 'Admin',
    expensive: true,
    maxBody: MAX_IMPORT_BODY,
    summary:
      'Archive the records of a file that an investigator has; all of them, or none when a line is broken',
    query: z.object({
      tenant: tenant.optional(),
      format: z.enum(FORMATS).optional().describe('auto, when left out: told from the content.'),
      blob: z
        .string()
        .min(1)
        .max(1024)
        .optional()
        .describe('A blob of container uploads, instead of a body.'),
      name: z.string().min(1).max(200).optional().describe('What the file is called, for the receipt.'),
    }),
    body: { type: 'application/octet-stream' },
    answers: {
      200: { description: 'Counts, and where the records went', schema: imported },
      202: {
        description: 'It takes longer: an import runs in the background',
        schema: object,
        headers: ['location'],
      },
    },
  },
  {
    path: '/imports/{id}',
    method: 'get',
    role: 'Admin',
    summary: 'State of an import that takes long: progress, then counts, or what is wrong with the file',
    params: z.object({ id }),
    query: ofTenant,
    answers: { 200: { description: 'The import', schema: object } },
  },
];
