import type { ResourceBody } from '../provision.ts';
import type { ApiPartModel, Places, StackModel } from '../stack-model.ts';
import { TemplateError } from '../template.ts';

/** AWS makes up ten letters and digits. */
export const LOCAL_API_ID = 'local';

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
      if (model.apis.length > 0) throw new TemplateError(`${request.logicalId}: one HTTP API is all that runs here`);
      model.apis.push({ logicalId: request.logicalId, ref: LOCAL_API_ID, properties: request.properties });
      return { ref: LOCAL_API_ID, attributes: { ApiEndpoint: places.apiUrl, ApiId: LOCAL_API_ID } };
    },
    'AWS::ApiGatewayV2::Route': collect(model.apiRoutes),
    'AWS::ApiGatewayV2::Integration': collect(model.apiIntegrations),
    'AWS::ApiGatewayV2::Authorizer': collect(model.apiAuthorizers),
    'AWS::ApiGatewayV2::Stage': collect(model.apiStages),
  };
}
