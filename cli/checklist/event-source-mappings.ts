import {
  type EventSourceMappingConfiguration,
  GetEventSourceMappingCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import { type ChecklistItem, fail, pass } from './item.ts';
import type { Site } from './site.ts';

const RUNNING = new Set(['Enabled', 'Enabling', 'Updating', 'Creating']);

export const eventSourceMappings: ChecklistItem = {
  name: 'event-source-mappings',
  title: 'every queue feeds its function',

  async check(site) {
    const mappings = await readMappings(site);
    const off = mappings.filter(({ State }) => !RUNNING.has(State ?? ''));
    if (off.length === 0) return pass(`${mappings.length} enabled`);
    return fail(
      off.map((mapping) => `${nameOf(mapping)} is ${mapping.State}`).join(', '),
      off
        .map(({ UUID }) => site.awsCommand('lambda', `update-event-source-mapping --uuid ${UUID} --enabled`))
        .join('; '),
    );
  },

  fixWhenUnanswered: () =>
    'your credentials need lambda:GetEventSourceMapping; a mapping that is gone comes back with a deploy after its logical id was renamed',
};

export function readMappings({ aws, deployed }: Site): Promise<readonly EventSourceMappingConfiguration[]> {
  return Promise.all(deployed.eventSourceMappingIds.map((id) => readMapping(aws.lambda, id)));
}

async function readMapping(lambda: LambdaClient, UUID: string): Promise<EventSourceMappingConfiguration> {
  return lambda.send(new GetEventSourceMappingCommand({ UUID }));
}

function nameOf({ EventSourceArn = '', FunctionArn = '' }: EventSourceMappingConfiguration): string {
  return `${EventSourceArn.split(':').at(-1)} to ${FunctionArn.split(':').at(-1)}`;
}
