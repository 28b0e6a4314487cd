import { z } from 'zod';
import { PARTS } from '../../bundle/report/input.ts';
import type { Route } from '../route.ts';
import { coverage, entities, entity, health, limit, object, span, tenant, users } from '../schemas.ts';

const kind = z.enum(['user', 'session', 'ip', 'app']);

export const READ_ROUTES: readonly Route[] = [
  {
    path: '/coverage',
    method: 'get',
    role: 'Reader',
    summary: 'What is proven collected, and what is not, per source and interval',
    query: z.object({ tenant: tenant.optional(), ...span }),
    answers: { 200: { description: 'Every instant of every source has a state', schema: coverage } },
  },
  {
    path: '/health',
    method: 'get',
    role: 'Reader',
    summary: 'Whether collection keeps up, with the lag per source',
    query: z.object({}),
    answers: {
      200: { description: 'Healthy', schema: health },
      503: { description: 'Records will be lost unless someone acts', schema: health },
    },
  },
  {
    path: '/entities/{kind}',
    method: 'get',
    role: 'Investigator',
    summary: 'Users whose name begins so',
    params: z.object({ kind }),
    query: z.object({
      tenant: tenant.optional(),
      prefix: z.string().max(1000).optional(),
      limit: limit.optional(),
    }),
    answers: { 200: { description: 'Users, by name', schema: users } },
  },
  {
    path: '/entities/{kind}/{key}',
    method: 'get',
    role: 'Investigator',
    summary: 'Summary of a user, session, address or application, and where its records lie',
    params: z.object({ kind, key: z.string() }),
    query: z.object({ tenant: tenant.optional(), ...span }),
    answers: { 200: { description: 'The entity', schema: entity } },
  },
  {
    path: '/bundle',
    method: 'get',
    role: 'Investigator',
    expensive: true,
    summary: 'Everything about some entities in a span of time, as a zip',
    query: z.object({
      tenant: tenant.optional(),
      ...span,
      user: entities('UPN, object id or SID').optional(),
      session: entities('Session ids').optional(),
      ip: entities('IPv4 or IPv6 addresses').optional(),
      app: entities('Application ids').optional(),
      expand: z.enum(['0', '1', '2', '3']).optional().describe('Rounds of expansion; 0 when left out.'),
      zone: z.string().max(60).optional().describe('IANA time zone shown beside UTC, e.g. Europe/Vienna.'),
      parts: z
        .enum(PARTS)
        .optional()
        .describe('core: records, timeline, sessions and coverage alone, no report and no evidence.'),
    }),
    answers: {
      200: { description: 'The zip', type: 'application/zip' },
      202: { description: 'It takes longer: an incident was opened', schema: object, headers: ['location'] },
      303: { description: 'The zip is large: fetch it there, within minutes', headers: ['location'] },
    },
  },
  {
    path: '/preflight',
    method: 'get',
    role: 'Admin',
    expensive: true,
    summary: 'Permission, licence and subscription of each source, with the remedy',
    query: z.object({ tenant: tenant.optional() }),
    answers: { 200: { description: 'Each source', schema: object } },
  },
  {
    path: '/openapi.json',
    method: 'get',
    role: 'any',
    summary: 'This document',
    query: z.object({}),
    answers: { 200: { description: 'OpenAPI 3.1', schema: object } },
  },
];
