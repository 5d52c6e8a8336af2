/** From the template's HTTP API to the routes of the local one. */
import { z } from 'zod';
import type { CorsConfiguration } from '../http-api/cors.ts';
import type { HttpApiConfiguration, RouteDefinition } from '../http-api/http-api.ts';
import type { JwtAuthorizerDefinition } from '../http-api/jwt-authorizer.ts';
import type { PolicyAuthorizer } from '../permissions/authorizer.ts';
import type { ApiPartModel, StackModel } from '../template/stack-model.ts';
import { TemplateError } from '../template/template.ts';

const apiSchema = z.object({
  CorsConfiguration: z
    .object({
      AllowOrigins: z.array(z.string()).optional(),
      AllowMethods: z.array(z.string()).optional(),
      AllowHeaders: z.array(z.string()).optional(),
      ExposeHeaders: z.array(z.string()).optional(),
      AllowCredentials: z.boolean().optional(),
      MaxAge: z.number().optional(),
    })
    .optional(),
});
const routeSchema = z.object({
  RouteKey: z.string(),
  Target: z.string().regex(/^integrations\//),
  AuthorizationType: z.enum(['NONE', 'JWT']).default('NONE'),
  AuthorizerId: z.string().optional(),
  AuthorizationScopes: z.array(z.string()).default([]),
});
const integrationSchema = z.object({
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0'),
});
const authorizerSchema = z.object({
  AuthorizerType: z.literal('JWT'),
  JwtConfiguration: z.object({ Issuer: z.string(), Audience: z.array(z.string()) }),
});

/**
 * @param permissions answers whether the functions' resource policies let the API invoke them.
 * @throws TemplateError for a route whose integration or authorizer is not what an HTTP API can have here.
 */
export function apiConfiguration(model: StackModel, permissions: PolicyAuthorizer): HttpApiConfiguration {
  const functionIds = new Map(model.functions.map(({ arn, logicalId }) => [arn, logicalId]));
  const arns = new Map(model.functions.map(({ arn, logicalId }) => [logicalId, arn]));
  const targets = new Map(model.apiIntegrations.map((part) => [part.ref, targetOf(part, functionIds)]));
  const authorizers = new Map(model.apiAuthorizers.map((part) => [part.ref, authorizerOf(part)]));
  const cors = corsOf(model.apis[0]);
  return {
    routes: model.apiRoutes.map((part) => routeOf(part, targets, authorizers)),
    ...(cors !== undefined && { cors }),
    canInvoke: (functionName, sourceArn) =>
      permissions.canService(
        'apigateway.amazonaws.com',
        'lambda:InvokeFunction',
        arns.get(functionName) ?? functionName,
        sourceArn,
      ),
  };
}

/** Audience of the first authorizer: what the engine's own tokens are for. */
export function audienceOf(model: StackModel): string {
  const [first] = model.apiAuthorizers;
  const audience = first && authorizerOf(first).audiences[0];
  if (audience === undefined) throw new TemplateError('no JWT authorizer with an audience in the template');
  return audience;
}

function routeOf(
  part: ApiPartModel,
  targets: ReadonlyMap<string, string>,
  authorizers: ReadonlyMap<string, JwtAuthorizerDefinition>,
): RouteDefinition {
  const route = read(part, routeSchema);
  const functionName = targets.get(route.Target.slice('integrations/'.length));
  if (functionName === undefined) throw new TemplateError(`${part.logicalId}: no integration ${route.Target}`);
  const authorizer = authorizers.get(route.AuthorizerId ?? '');
  if (route.AuthorizationType === 'JWT' && authorizer === undefined) {
    throw new TemplateError(`${part.logicalId}: no authorizer ${route.AuthorizerId}`);
  }
  return {
    routeKey: route.RouteKey,
    functionName,
    ...(route.AuthorizationType === 'JWT' && authorizer !== undefined && { authorizer }),
    ...(route.AuthorizationScopes.length > 0 && { authorizationScopes: route.AuthorizationScopes }),
  };
}

function targetOf(part: ApiPartModel, functionIds: ReadonlyMap<string, string>): string {
  const { IntegrationUri } = read(part, integrationSchema);
  const logicalId = functionIds.get(IntegrationUri);
  if (logicalId === undefined) throw new TemplateError(`${part.logicalId}: no function ${IntegrationUri}`);
  return logicalId;
}

function authorizerOf(part: ApiPartModel): JwtAuthorizerDefinition {
  const { Issuer, Audience } = read(part, authorizerSchema).JwtConfiguration;
  return { issuer: Issuer, audiences: Audience };
}

function corsOf(api: ApiPartModel | undefined): CorsConfiguration | undefined {
  const cors = api && read(api, apiSchema).CorsConfiguration;
  if (cors === undefined) return undefined;
  const given = {
    allowOrigins: cors.AllowOrigins,
    allowMethods: cors.AllowMethods,
    allowHeaders: cors.AllowHeaders,
    exposeHeaders: cors.ExposeHeaders,
    allowCredentials: cors.AllowCredentials,
    maxAgeSeconds: cors.MaxAge,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function read<T>(part: ApiPartModel, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(part.properties);
  if (!parsed.success) throw new TemplateError(`${part.logicalId}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
