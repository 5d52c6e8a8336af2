/** What runs by the clock, and what the functions wrote while all of this went on. */
import assert from 'node:assert/strict';
import { DescribeStackResourceCommand } from '@aws-sdk/client-cloudformation';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { eventually } from '../../support/eventually.ts';
import { STACK } from '../deployment.ts';
import { type LogLine, troubleIn } from '../function-logs.ts';
import type { Plot } from '../plot.ts';

/** @param isOnPurpose tells trouble that the story has made itself. */
export async function readLogs({ story, scene }: Plot, isOnPurpose = (_line: LogLine) => false): Promise<void> {
  await story.step('in no log a denied call or an unhandled error', async () => {
    const lines = await scene.logs.all();
    const groups = new Set(lines.map(({ group }) => group));
    assert.ok(groups.size > 0, 'the functions wrote nothing at all');
    const trouble = troubleIn(lines).filter((line) => !isOnPurpose(line));
    assert.equal(trouble.length, 0, trouble.map(({ group, text }) => `${group}: ${text}`).join('\n'));
    story.note(`${lines.length} lines of ${groups.size} log groups`);
  });
}

/** Before its time: the daily run's is far off, and the sweeper's the story awaits at its end. */
export async function runByHand({ story, scene }: Plot): Promise<void> {
  await story.step('the daily run and a sweep, started by hand, end well', async () => {
    for (const logicalId of ['Daily', 'Sweeper']) {
      const { FunctionError, Payload } = await scene.aws.lambda.send(
        new InvokeCommand({ FunctionName: await physicalId(scene, logicalId), Payload: '{}' }),
      );
      assert.equal(FunctionError, undefined, Buffer.from(Payload ?? []).toString('utf8'));
    }
  });
}

async function physicalId({ aws }: Plot['scene'], LogicalResourceId: string): Promise<string> {
  const command = new DescribeStackResourceCommand({ StackName: STACK, LogicalResourceId });
  const { StackResourceDetail } = await aws.cloudFormation.send(command);
  assert.ok(StackResourceDetail?.PhysicalResourceId !== undefined, LogicalResourceId);
  return StackResourceDetail.PhysicalResourceId;
}

/** @throws Error when it does not within two of its minutes. */
export async function awaitSchedule({ story, scene }: Plot): Promise<void> {
  await story.step("the sweeper's schedule fires", () => eventually(async () => (await sweeps(scene)) > 1, 120_000));
}

async function sweeps({ logs }: Plot['scene']): Promise<number> {
  return (await logs.all()).filter(({ group, text }) => group.includes('Sweeper') && text.startsWith('START ')).length;
}
