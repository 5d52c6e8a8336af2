import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  type CfnFunction,
  Function as LambdaFunction,
  RecursiveLoop,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { CodeOf, FunctionFolder } from './function-bundles.ts';

export interface TidegateFunctionProps {
  readonly codeOf: CodeOf;
  readonly folder: FunctionFolder;
  readonly description: string;
  /** Value of the variable SETTINGS. */
  readonly settings: string;
  readonly timeoutSeconds: number;
  /** CPU grows with it: a full core is reached at 1,769 MB (Lambda Developer Guide, "Configure memory"). */
  readonly memoryMb: number;
  /**
   * Its messages come back to it by design: each retry is a pass through Lambda and SQS, and recursion detection would
   * cut the chain at about 16 (Lambda Developer Guide, "Recursive loop detection"). Messages count their own hops.
   * @default false
   */
  readonly isResending?: boolean;
}

/**
 * A function of the fleet: Node.js 24 on arm64, outside any VPC, with a log group that forgets and a role that may
 * write to that log group and nothing else. What more it may do is granted by the resources (`lib/…`), which set the
 * variable and the permission together.
 */
export class TidegateFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: TidegateFunctionProps) {
    // Logs hold ids and no payloads, but nobody should find them years after the stack is gone.
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Not AWSLambdaBasicExecutionRole: that one may write to every log group of the account.
    const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    super(scope, id, {
      code: props.codeOf(props.folder),
      handler: 'index.handler',
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMb,
      timeout: Duration.seconds(props.timeoutSeconds),
      recursiveLoop: props.isResending === true ? RecursiveLoop.ALLOW : RecursiveLoop.TERMINATE,
      environment: { SETTINGS: props.settings },
      logGroup,
      role,
    });
    // The logical id is the function's name in the logs of the local engine, in docs and in `tidegate` output.
    this.cfnFunction.overrideLogicalId(id);
  }

  get cfnFunction(): CfnFunction {
    return this.node.defaultChild as CfnFunction;
  }

  /** Allows the named actions on the named resource. */
  allow(actions: readonly string[], resource: string): void {
    this.allowIf({}, actions, resource);
  }

  /** Allows the named actions on the named resource under a condition (IAM's operators and keys). */
  allowIf(conditions: Record<string, Record<string, string>>, actions: readonly string[], resource: string): void {
    this.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [resource], conditions }));
  }
}
