/** Environment variables of the emulator and of what talks to it: made from nothing, so that none leads to a real account. */
import { delimiter, dirname } from 'node:path';

export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
export const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

export interface SurroundingsProps {
  /** The story's own folder, which is also home: no profile and no endpoint of the user's is read. */
  readonly folder: string;
  readonly port: number;
  /** The emulator's certificate. */
  readonly certificate: string;
}

type Variables = Readonly<Record<string, string>>;

/** Of the CDK's command line. */
export function clientVariables({ folder, port, certificate }: SurroundingsProps): Variables {
  return {
    ...machineVariables(folder),
    AWS_ENDPOINT_URL: `https://localhost:${port}`,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...trust(certificate),
    CI: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
}

export interface EmulatorVariablesProps extends SurroundingsProps {
  /** Endpoint of the RDS Data API that stands in for the emulator's, which needs Docker. */
  readonly dataApiUrl: string;
}

/** Of the emulator; its functions inherit them. */
export function emulatorVariables(props: EmulatorVariablesProps): Variables {
  return {
    ...machineVariables(props.folder),
    // Each call is checked against the caller's policies. That needs TLS, for what demands TLS refuses plain HTTP.
    AUTH: 'true',
    USE_SSL: '1',
    BIND_HOST: '127.0.0.1',
    GATEWAY_PORT: String(props.port),
    IOT_MTLS_ENABLED: '0',
    AWS_ENDPOINT_URL_RDS_DATA: props.dataApiUrl,
    ...trust(props.certificate),
    // No template sets this (test/synth/fleet.test.ts); here, receivers are on this machine.
    TIDEGATE_EGRESS: 'loopback-allowed',
  };
}

/** This process's Node comes first: the emulator runs functions with whatever `node` it finds. */
function machineVariables(folder: string): Variables {
  return {
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
    HOME: folder,
    TMPDIR: folder,
    LANG: 'C.UTF-8',
  };
}

/**
 * Both names: the CDK's command line prefers the first, functions and everything else in Node take the second. Without
 * them a custom resource waits for an answer for an hour, as in AWS.
 */
function trust(certificate: string): Variables {
  return { AWS_CA_BUNDLE: certificate, NODE_EXTRA_CA_CERTS: certificate };
}
