import { z } from 'zod';
import { archiveArn, busArn, busNameOf, DEFAULT_BUS, type RuleProperties, ruleArn } from '../../bus/rules.ts';
import type { ResourceBody } from '../provision.ts';
import type { StackModel } from '../stack-model.ts';
import { physicalName, readProperties } from './properties.ts';

// Source: EventBridge API Reference, PutRule, Name, and CreateArchive, ArchiveName.
const LONGEST_RULE_NAME = 64;
const LONGEST_ARCHIVE_NAME = 48;

const busSchema = z.object({ Name: z.string() });
const archiveSchema = z.object({ ArchiveName: z.string().optional(), SourceArn: z.string() });
const ruleSchema = z.object({ Name: z.string().optional(), EventBusName: z.string().default(DEFAULT_BUS) }).loose();

export function busBodies(model: StackModel): Record<string, ResourceBody> {
  return {
    'AWS::Events::EventBus': (request) => {
      const { Name } = readProperties(request, busSchema);
      model.busNames.push(Name);
      return { ref: Name, attributes: { Arn: busArn(Name), Name } };
    },
    'AWS::Events::Rule': (request) => {
      const properties = readProperties(request, ruleSchema);
      const name = properties.Name ?? physicalName(request, LONGEST_RULE_NAME);
      // The bus reads the rest itself, strictly.
      model.rules.push({ ...properties, Name: name } as RuleProperties);
      const isOnDefaultBus = busNameOf(properties.EventBusName) === DEFAULT_BUS;
      const ref = isOnDefaultBus ? name : `${busNameOf(properties.EventBusName)}|${name}`;
      return { ref, attributes: { Arn: ruleArn(properties.EventBusName, name) } };
    },
    'AWS::Events::Archive': (request) => {
      const properties = readProperties(request, archiveSchema);
      const name = properties.ArchiveName ?? physicalName(request, LONGEST_ARCHIVE_NAME);
      model.archives.push({ name, sourceArn: properties.SourceArn });
      return { ref: name, attributes: { Arn: archiveArn(name) } };
    },
  };
}
