import { readIngressRules } from './ingress-rules.ts';
import { type ChecklistItem, fail, pass } from './item.ts';

export const busRule: ChecklistItem = {
  name: 'bus-rule',
  title: 'an enabled rule carries events from the bus to the events queue',

  async check(site) {
    const bus = site.output('BusName');
    const rules = await readIngressRules(site);
    const enabled = rules.find(({ rule }) => rule.State?.startsWith('ENABLED'));
    if (enabled !== undefined)
      return pass(`${enabled.rule.Name} on ${bus} is enabled, with the events queue as target`);
    const [disabled] = rules;
    if (disabled === undefined) {
      return fail(
        `no rule of the bus ${bus} has the events queue as its target`,
        'someone removed it by hand; CloudFormation does not look: put the target back, or deploy with another logical id for the rule',
      );
    }
    return fail(
      `rule ${disabled.rule.Name} on ${bus} is ${disabled.rule.State}`,
      site.awsCommand('events', `enable-rule --event-bus-name ${bus} --name ${disabled.rule.Name}`),
    );
  },

  fixWhenUnanswered: () =>
    'your credentials need events:ListRules, events:ListTargetsByRule and sqs:GetQueueAttributes',
};
