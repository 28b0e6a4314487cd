import { app } from '@azure/functions';
import { openApiDocument } from '../shared/http/openapi.ts';
import { ROUTES } from '../shared/http/routes/index.ts';
import { AUTH_LEVEL, http, json, query } from './http.ts';

const document = openApiDocument(ROUTES, '1');

app.http('openapi', {
  route: 'openapi.json',
  methods: ['GET'],
  authLevel: AUTH_LEVEL,
  handler: http('any', (request) => {
    query(request, []);
    return Promise.resolve(json(document));
  }),
});
