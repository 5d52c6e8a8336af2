import { z } from 'zod';
import { every, parseSchedule } from '../../schedules/schedule-expression.ts';
import type { ResourceBody } from '../provision.ts';
import type { StackModel } from '../stack-model.ts';
import { TemplateError } from '../template.ts';
import { findFunction } from './functions.ts';
import { readProperties } from './properties.ts';
import { roleNameOfArn } from './roles.ts';

const scheduleSchema = z.object({
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string().default('UTC'),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  Target: z.object({ Arn: z.string(), RoleArn: z.string(), Input: z.string().default('{}') }),
});

/** A period that EventBridge Scheduler cannot express (it knows whole minutes); the stack notes it as metadata. */
const EVERY_SECONDS = 'tidegate:everySeconds';

export function scheduleBodies(model: StackModel): Record<string, ResourceBody> {
  return {
    'AWS::Scheduler::Schedule': (request) => {
      const { ScheduleExpression, ScheduleExpressionTimezone, State, Target } = readProperties(request, scheduleSchema);
      const seconds = request.metadata[EVERY_SECONDS];
      if (seconds !== undefined && typeof seconds !== 'number') {
        throw new TemplateError(`${request.logicalId}: ${EVERY_SECONDS} is no number`);
      }
      const target = findFunction(model, request, Target.Arn);
      model.schedules.push({
        logicalId: request.logicalId,
        functionId: target.logicalId,
        functionArn: target.arn,
        roleName: roleNameOfArn(Target.RoleArn),
        input: JSON.parse(Target.Input),
        isEnabled: State === 'ENABLED',
        timetable:
          seconds === undefined
            ? parseSchedule(ScheduleExpression, ScheduleExpressionTimezone)
            : every(seconds * 1_000),
      });
      return {
        ref: request.logicalId,
        attributes: { Arn: `arn:aws:scheduler:::schedule/default/${request.logicalId}` },
      };
    },
  };
}
