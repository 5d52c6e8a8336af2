import type { PolicyDocument } from './policy-document.ts';

/** Properties of AWS::Lambda::Permission, resolved. */
export interface LambdaPermission {
  readonly Action: string;
  /** A service (`apigateway.amazonaws.com`), or `*` for a function URL. */
  readonly Principal: string;
  readonly SourceArn?: string;
  readonly SourceAccount?: string;
  readonly FunctionUrlAuthType?: string;
}

/** The statement that Lambda adds to a function's resource policy for one AWS::Lambda::Permission. */
export function lambdaPermissionPolicy(functionArn: string, permission: LambdaPermission): PolicyDocument {
  const equals = {
    ...(permission.SourceAccount !== undefined && { 'AWS:SourceAccount': permission.SourceAccount }),
    ...(permission.FunctionUrlAuthType !== undefined && {
      'lambda:FunctionUrlAuthType': permission.FunctionUrlAuthType,
    }),
  };
  return {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: permission.Principal === '*' ? '*' : { Service: permission.Principal },
      Action: permission.Action,
      Resource: functionArn,
      Condition: {
        ...(Object.keys(equals).length > 0 && { StringEquals: equals }),
        ...(permission.SourceArn !== undefined && { ArnLike: { 'AWS:SourceArn': permission.SourceArn } }),
      },
    },
  };
}
