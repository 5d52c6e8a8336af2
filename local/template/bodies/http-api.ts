import type { ResourceBody, ResourceRequest } from '../provision.ts';
import type { ApiPartModel, Places, StackModel } from '../stack-model.ts';

export function httpApiBodies(model: StackModel, places: Places): Record<string, ResourceBody> {
  const collect =
    (parts: ApiPartModel[]): ResourceBody =>
    (request) => {
      const ref = request.logicalId;
      parts.push({ logicalId: request.logicalId, ref, properties: request.properties });
      return { ref };
    };
  return {
    'AWS::ApiGatewayV2::Api': (request) => {
      const apiId = apiIdOf(request);
      model.apis.push({ logicalId: request.logicalId, apiId, properties: request.properties });
      return { ref: apiId, attributes: { ApiEndpoint: places.apiUrl, ApiId: apiId } };
    },
    'AWS::ApiGatewayV2::Route': collect(model.apiRoutes),
    'AWS::ApiGatewayV2::Integration': collect(model.apiIntegrations),
    'AWS::ApiGatewayV2::Authorizer': collect(model.apiAuthorizers),
    'AWS::ApiGatewayV2::Stage': collect(model.apiStages),
  };
}

/** AWS makes up ten letters and digits. */
function apiIdOf(request: ResourceRequest): string {
  return request.logicalId.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}
