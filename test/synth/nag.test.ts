import { describe, expect, it } from '@jest/globals';
import { App, Aspects } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { parseContext } from '../../lambdas/domain/configuration/context.ts';
import { TidegateStack } from '../../lib/tidegate-stack.ts';
import { PUBLIC_ROUTES } from './checks/http-api.ts';
import { NAG_REASONS, type NagReason } from './nag-reasons.ts';
import { codeStub } from './synthesized-stack.ts';

interface NagFinding {
  /** `AwsSolutions-IAM5`. */
  readonly rule: string;
  /** What is in brackets behind the rule, if it tells. */
  readonly detail: string;
  /** Below the stack. */
  readonly construct: string;
}

const FORM = /^(AwsSolutions-\w+)(?:\[(.*?)\])?: /;

function nagFindings(): readonly NagFinding[] {
  const app = new App({ autoSynth: false });
  const stack = new TidegateStack(app, { context: parseContext({}), codeOf: codeStub });
  Aspects.of(app).add(new AwsSolutionsChecks({ reports: false }));
  const annotations = Annotations.fromStack(stack);
  const anything = Match.stringLikeRegexp('.*');
  return [...annotations.findError('*', anything), ...annotations.findWarning('*', anything)].map(({ id, entry }) => {
    const [, rule = String(entry.data), detail = ''] = FORM.exec(String(entry.data)) ?? [];
    return { rule, detail, construct: id.replace(`/${stack.stackName}/`, '') };
  });
}

function excuses({ rule, construct, finding }: NagReason, found: NagFinding): boolean {
  return rule === found.rule && construct.test(found.construct) && (finding?.test(found.detail) ?? true);
}

describe('the rules of AwsSolutions', () => {
  const findings = nagFindings();

  it('were asked', () => {
    expect(findings.map(({ rule }) => rule)).toContain('AwsSolutions-APIG4');
  });

  it('hold, but where there is a reason', () => {
    const unexcused = findings.filter((finding) => !NAG_REASONS.some((reason) => excuses(reason, finding)));
    expect(unexcused).toEqual([]);
  });

  it.each(NAG_REASONS)('$rule at $construct still needs its reason', (reason) => {
    expect(findings.some((finding) => excuses(reason, finding))).toBe(true);
    expect(reason.reason.length).toBeGreaterThan(20);
  });

  it('let no route answer without a token but the public ones', () => {
    const open = findings.filter(({ rule }) => rule === 'AwsSolutions-APIG4').map(({ construct }) => construct);
    const routes = PUBLIC_ROUTES.map((route) => `PublicApi/Api/${route.replace(/ \//, '--')}/Resource`);
    expect(open.sort()).toEqual(routes.sort());
  });
});
