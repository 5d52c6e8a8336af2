/** From the synthesized app to what must be brought to life. */
import type { SecretDefinition } from '../secrets/secret-store.ts';
import { openSecretStore } from '../secrets/secret-store.ts';
import { type Assembly, readAssembly } from '../template/assembly.ts';
import { provision } from '../template/provision.ts';
import { createRegistry } from '../template/registry.ts';
import { emptyModel, type StackModel } from '../template/stack-model.ts';

export interface PlanProps {
  /** The cloud assembly. */
  readonly directory: string;
  readonly servicesUrl: string;
  readonly apiUrl: string;
  readonly secretsFolder: string;
}

export interface Plan {
  readonly model: StackModel;
  readonly assembly: Assembly;
  readonly outputs: Readonly<Record<string, string>>;
}

/** @throws TemplateError, see `provision`. */
export async function makePlan(props: PlanProps): Promise<Plan> {
  const assembly = readAssembly(props.directory);
  const model = emptyModel(assembly.stackName);
  const registry = createRegistry(model, {
    servicesUrl: props.servicesUrl,
    apiUrl: props.apiUrl,
    secretArn: (definition) => secretArn(props.secretsFolder, definition),
  });
  const outputs = await provision({
    template: assembly.template,
    stackName: assembly.stackName,
    // The engine is its own issuer, unless the context names another one.
    parameters: { JwtIssuer: props.apiUrl },
    registry,
  });
  return { model, assembly, outputs };
}

/** ARNs of secrets end in six random characters, which are drawn when the secret is made and kept in its file. */
function secretArn(folder: string, definition: SecretDefinition): string {
  const arn = openSecretStore(folder, [definition]).find(definition.name)?.arn;
  if (arn === undefined) throw new Error(`secret ${definition.name} was not made`);
  return arn;
}
