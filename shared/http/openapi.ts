import { z } from 'zod';
import type { Route, RouteAnswer } from './route.ts';
import { problem } from './schemas.ts';

/** The OpenAPI 3.1 document, made from the schemas that validate requests. */

type Json = Record<string, unknown>;

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _dialect, ...body } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
  return body;
};

/** What any call may answer, besides its own answers. */
const ERRORS: Readonly<Record<number, string>> = {
  400: 'The request is wrong: see field and remedy',
  401: 'No credentials, or they do not check',
  403: 'The caller lacks the role, or does not reach the tenant',
  404: 'There is no such thing',
  413: 'The body is too large',
  429: 'Too many calls: wait as long as Retry-After says',
  503: 'Not available now: wait as long as Retry-After says',
};

export function openApiDocument(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  return {
    openapi: '3.1.1',
    info: {
      title: 'holdfast',
      version,
      description:
        'Microsoft 365 audit evidence: coverage, bundles, detections. Dates are ISO 8601, UTC where no zone is given.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/api' }],
    security: [{ functionKey: [] }, { entra: [] }],
    paths,
    components: {
      securitySchemes: {
        functionKey: { type: 'apiKey', in: 'header', name: 'x-functions-key' },
        entra: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'Entra ID access token with the app roles Reader, Investigator or Admin.',
        },
      },
      schemas: { Problem: schemaOf(problem, 'output') },
    },
  };
}

function operation(route: Route): Json {
  return {
    operationId: `${route.method}${route.path.replace(/[^A-Za-z]+(.?)/g, (_, c: string) => c.toUpperCase())}`,
    summary: route.summary,
    description: route.role === 'any' ? 'Any role.' : `Role: ${route.role}.`,
    'x-role': route.role,
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query')],
    ...(route.body && {
      requestBody: {
        required: true,
        content: {
          [route.body.type]: route.body.schema ? { schema: schemaOf(route.body.schema, 'input') } : {},
        },
      },
    }),
    responses: responses(route),
  };
}

function parameters(schema: z.ZodObject | undefined, where: 'path' | 'query'): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Json;
    required?: string[];
  };
  return Object.entries(properties).map(([name, body]) => {
    const { description, ...rest } = body as Json;
    return {
      name,
      in: where,
      required: where === 'path' || required.includes(name),
      ...(description !== undefined && { description }),
      // `z.coerce` takes any text: the type shown is the one it must read as.
      schema: Object.keys(rest).length > 0 ? rest : { type: 'string' },
    };
  });
}

function responses(route: Route): Json {
  const own = Object.entries(route.answers).map(([status, answer]) => [status, response(answer)]);
  const errors = Object.entries(ERRORS)
    .filter(([status]) => !(status in route.answers))
    .map(([status, description]) => [
      status,
      {
        description,
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]);
  return Object.fromEntries([...own, ...errors]) as Json;
}

function response({ description, type, schema, headers }: RouteAnswer): Json {
  const content = schema
    ? { [type ?? 'application/json']: { schema: schemaOf(schema, 'output') } }
    : type && { [type]: {} };
  return {
    description,
    ...(headers && {
      headers: Object.fromEntries(headers.map((name) => [name, { schema: { type: 'string' } }])),
    }),
    ...(content && { content }),
  };
}
