import type { Resources } from './resources.ts';

export interface WithArns {
  readonly value: unknown;
  readonly count: number;
}

/**
 * `Ref` of a secret is its ARN in AWS and its name in the emulator, where no policy then allows to read it; `GetAtt Id`
 * is the ARN in both.
 */
export function nameSecretsByArn(template: unknown, resources: Resources): WithArns {
  let count = 0;
  const replace = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replace);
    if (typeof value !== 'object' || value === null) return value;
    if ('Ref' in value && typeof value.Ref === 'string') {
      if (resources[value.Ref]?.Type !== 'AWS::SecretsManager::Secret') return value;
      count += 1;
      return { 'Fn::GetAtt': [value.Ref, 'Id'] };
    }
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, replace(member)]));
  };
  return { value: replace(template), count };
}
