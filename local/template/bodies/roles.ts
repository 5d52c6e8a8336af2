import { z } from 'zod';
import { LOCAL_ACCOUNT } from '../../services/service.ts';
import type { ResourceBody } from '../provision.ts';
import { addPolicies, type StackModel } from '../stack-model.ts';
import { TemplateError } from '../template.ts';
import { physicalName, policyDocument, readProperties } from './properties.ts';

// Source: IAM quotas, "Role name".
const LONGEST_NAME = 64;

const inline = z.array(z.object({ PolicyDocument: policyDocument })).default([]);
const roleSchema = z.object({
  RoleName: z.string().optional(),
  Policies: inline,
  ManagedPolicyArns: z.array(z.string()).default([]),
});
const policySchema = z.object({ PolicyDocument: policyDocument, Roles: z.array(z.string()).default([]) });

// Policies of AWS's own that grant nothing but what has no body here (logs).
const HARMLESS_MANAGED = new Set(['service-role/AWSLambdaBasicExecutionRole']);

export function roleBodies(model: StackModel): Record<string, ResourceBody> {
  const attach: ResourceBody = (request) => {
    const { PolicyDocument, Roles } = readProperties(request, policySchema);
    for (const role of Roles) addPolicies(model.rolePolicies, role, [PolicyDocument]);
    return { ref: request.logicalId };
  };
  return {
    'AWS::IAM::Role': (request) => {
      const { RoleName, Policies, ManagedPolicyArns } = readProperties(request, roleSchema);
      refuseUnknownManaged(request.logicalId, ManagedPolicyArns);
      // The end of the logical id tells roles apart, so a long name loses its beginning.
      const name = RoleName ?? physicalName(request, 1_000).slice(-LONGEST_NAME);
      const documents = Policies.map(({ PolicyDocument }) => PolicyDocument);
      addPolicies(model.rolePolicies, name, documents);
      return { ref: name, attributes: { Arn: roleArn(name), RoleId: name } };
    },
    'AWS::IAM::Policy': attach,
    'AWS::IAM::ManagedPolicy': attach,
  };
}

/** A managed policy's text is not in the template, so what it grants cannot be checked. */
function refuseUnknownManaged(logicalId: string, arns: readonly string[]): void {
  const unknown = arns.filter((arn) => !HARMLESS_MANAGED.has(arn.slice(arn.indexOf(':policy/') + ':policy/'.length)));
  if (unknown.length > 0) throw new TemplateError(`${logicalId}: managed policies are not known here: ${unknown}`);
}

export function roleArn(name: string): string {
  return `arn:aws:iam::${LOCAL_ACCOUNT}:role/${name}`;
}

export function roleNameOfArn(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}
