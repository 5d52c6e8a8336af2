import { GetAccountSettingsCommand } from '@aws-sdk/client-lambda';
import { readMappings } from './event-source-mappings.ts';
import { type ChecklistItem, fail, notApplicable, pass } from './item.ts';

/** Source: Service Quotas, AWS Lambda, "Concurrent executions". */
const QUOTA = '--service-code lambda --quota-code L-B99A9384';

/** A new account may have ten concurrent executions, for all functions together (Lambda quotas). */
export const lambdaConcurrency: ChecklistItem = {
  name: 'lambda-concurrency',
  title: 'the account lets the consumers run at once, and the API beside them',

  async check(site) {
    if (site.kind === 'local') return notApplicable('a local engine has no such quota');
    const [{ AccountLimit }, mappings] = await Promise.all([
      site.aws.lambda.send(new GetAccountSettingsCommand({})),
      readMappings(site),
    ]);
    const limit = AccountLimit?.UnreservedConcurrentExecutions ?? 0;
    const wanted = mappings.reduce((sum, { ScalingConfig }) => sum + (ScalingConfig?.MaximumConcurrency ?? 0), 0);
    const found = `${limit} concurrent executions unreserved, the consumers may take ${wanted}`;
    if (limit > wanted) return pass(found);
    return fail(
      `${found}: under load they throttle each other and the API`,
      `aws service-quotas request-service-quota-increase ${QUOTA} --desired-value 1000; until then ${site.deployWith('-c deliveriesMaxConcurrency=2 -c retriesMaxConcurrency=2 -c fanOutMaxConcurrency=2')}`,
    );
  },

  fixWhenUnanswered: () => 'your credentials need lambda:GetAccountSettings and lambda:GetEventSourceMapping',
};
