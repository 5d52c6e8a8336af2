import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { vetAddress } from '../../lambdas/domain/target/address.ts';
import { parseAllowedTargets } from '../../lambdas/domain/target/allowed-targets.ts';
import { type HostPort, parseHostPort } from '../../lambdas/domain/target/host-port.ts';
import { checkTargetUrl, type TargetPolicy } from '../../lambdas/domain/target/target-url.ts';

function host(text: string): HostPort {
  const parsed = parseHostPort(text);
  if (parsed === undefined) throw new Error(`no host: ${text}`);
  return parsed;
}
const production: TargetPolicy = { rule: 'public', ownHosts: [host('hooks.tidegate.example')] };
const local: TargetPolicy = { rule: 'loopback-allowed', ownHosts: [host('127.0.0.1:8787'), host('[::1]:8787')] };
const faultOf = (url: string, policy = production) => {
  const verdict = checkTargetUrl(url, policy);
  return verdict.ok ? 'ok' : verdict.fault;
};

describe('target address', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.216.34',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '169.253.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450:4001:81b::200e',
    '2600:1f18::1',
  ])('%s is public', (address) => expect(vetAddress(address, 'public')).toEqual({ ok: true }));

  it.each([
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['10.0.0.1', 'private'],
    ['100.64.0.1', 'carrierGradeNat'],
    ['100.100.100.200', 'carrierGradeNat'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['169.254.169.254', 'linkLocal'],
    ['169.254.170.2', 'linkLocal'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.0.0.192', 'reserved'],
    ['192.0.2.1', 'reserved'],
    ['192.88.99.1', 'reserved'],
    ['192.168.1.1', 'private'],
    ['198.18.0.1', 'reserved'],
    ['198.51.100.1', 'reserved'],
    ['203.0.113.1', 'reserved'],
    ['224.0.0.1', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['168.63.129.16', 'metadata'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'ipv4Mapped'],
    ['::ffff:8.8.8.8', 'ipv4Mapped'],
    ['::ffff:0:10.0.0.1', 'rfc6145'],
    ['::7f00:1', 'reserved'],
    ['::127.0.0.1', 'ipv4Mapped'],
    ['64:ff9b::a00:1', 'rfc6052'],
    ['64:ff9b:1::a00:1', 'rfc6052'],
    ['100::1', 'discard'],
    ['2001::1', 'teredo'],
    ['2001:2::1', 'benchmarking'],
    ['2001:db8::1', 'reserved'],
    ['2001:10::1', 'deprecatedOrchid'],
    ['2001:20::1', 'orchid2'],
    ['2002:a00:1::', '6to4'],
    ['2002:808:808::', '6to4'],
    ['3fff::1', 'reserved'],
    ['4000::1', 'reserved'],
    ['5f00::1', 'segmentRouting'],
    ['fc00::1', 'uniqueLocal'],
    ['fd00:ec2::254', 'uniqueLocal'],
    ['fe80::1', 'linkLocal'],
    ['fe80::1%eth0', 'linkLocal'],
    ['fec0::1', 'deprecatedSiteLocal'],
    ['ff02::1', 'multicast'],
    ['2600:1f18::5efe:10.0.0.1', 'isatap'],
    ['2600:1f18::200:5efe:a00:1', 'isatap'],
    ['', 'notAnAddress'],
    ['localhost', 'notAnAddress'],
    ['0x7f.1', 'notAnAddress'],
    ['127.1', 'notAnAddress'],
    ['[::1]', 'notAnAddress'],
    ['010.0.0.1', 'notAnAddress'],
  ])('%s is not: %s', (address, range) => expect(vetAddress(address, 'public')).toEqual({ ok: false, range }));

  it('of a private network is refused in every IPv6 form of it', () => {
    const priv = fc
      .tuple(fc.constantFrom(10, 127), fc.nat(255), fc.nat(255), fc.nat(255))
      .map((parts) => parts.join('.'));
    const form = fc.constantFrom('::ffff:', '::', '64:ff9b::', '::ffff:0:', '2600::5efe:');
    fc.assert(
      fc.property(form, priv, (prefix, address) =>
        expect(vetAddress(prefix + address, 'loopback-allowed').ok).toBe(false),
      ),
    );
  });

  it('of loopback is allowed locally, nothing else besides', () => {
    expect(vetAddress('127.0.0.1', 'loopback-allowed').ok).toBe(true);
    expect(vetAddress('::1', 'loopback-allowed').ok).toBe(true);
    for (const address of ['10.0.0.1', '169.254.169.254', '0.0.0.0', '::', 'fd00::1']) {
      expect(vetAddress(address, 'loopback-allowed').ok).toBe(false);
    }
  });

  it('in a range of the operator is allowed', () => {
    const { ranges } = parseAllowedTargets(['10.1.0.0/16', 'fd00:1::/32']);
    expect(vetAddress('10.1.2.3', 'public', ranges).ok).toBe(true);
    expect(vetAddress('fd00:1::5', 'public', ranges).ok).toBe(true);
    expect(vetAddress('10.2.0.1', 'public', ranges).ok).toBe(false);
    expect(vetAddress('::ffff:10.1.2.3', 'public', ranges).ok).toBe(false);
  });
});

describe('target url', () => {
  it.each([
    'https://example.com',
    'https://example.com/',
    'https://example.com:443/x',
    'https://example.com:1024',
    'https://example.com:65535/a?b=c#d',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]/',
    'https://example.com./',
    'https://bücher.example/',
    'https://intranet/',
    'https://notlocalhost/',
    `https://example.com/${'x'.repeat(2048 - 20)}`,
  ])('%s is taken', (url) => expect(faultOf(url)).toBe('ok'));

  it.each([
    ['http://example.com/', 'scheme'],
    ['ftp://example.com/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['example.com', 'not_a_url'],
    ['', 'not_a_url'],
    ['https://', 'not_a_url'],
    [' https://example.com', 'not_a_url'],
    ['https://exam\tple.com', 'not_a_url'],
    ['https://example.com/a b', 'not_a_url'],
    ['/path', 'not_a_url'],
    ['https://example.com:99999', 'not_a_url'],
    ['https://user@example.com', 'credentials'],
    ['https://:pass@example.com', 'credentials'],
    ['https://example.com:80', 'port'],
    ['https://example.com:22', 'port'],
    ['https://example.com:1023', 'port'],
    ['https://example.com:0', 'port'],
    ['https://hooks.tidegate.example/x', 'own_host'],
    ['https://HOOKS.tidegate.example.:8443/x', 'own_host'],
    [`https://example.com/${'x'.repeat(2048 - 19)}`, 'too_long'],
  ])('%s is refused: %s', (url, fault) => expect(faultOf(url)).toBe(fault));

  it.each([
    'https://127.0.0.1/',
    'https://127.0.0.1./',
    'https://0x7f.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://127.1:8443/',
    'https://[::1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[0:0:0:0:0:ffff:10.0.0.1]/',
    'https://10.0.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[fd00:ec2::254]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://0/',
    'https://１２７.０.０.１/',
    'https://%31%32%37.0.0.1/',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://a.localhost:8443/',
    'https://127。0。0。1/',
  ])('%s is refused by its address, whatever its spelling', (url) => expect(faultOf(url)).toBe('address'));

  it('names the rule that was broken', () => {
    expect(checkTargetUrl('http://example.com', production)).toMatchObject({ message: 'must use https' });
    expect(checkTargetUrl('https://10.0.0.1', production)).toMatchObject({
      message: 'must be a public address (this one is private)',
    });
  });

  it('never takes a decimal, hexadecimal or octal spelling of a private address', () => {
    const spell = fc.constantFrom(
      (n: number) => String(n),
      (n: number) => `0x${n.toString(16)}`,
      (n: number) => `0${n.toString(8)}`,
    );
    fc.assert(
      fc.property(fc.integer({ min: 0x0a000000, max: 0x0affffff }), spell, (n, write) => {
        expect(faultOf(`https://${write(n)}/`)).toBe('address');
      }),
    );
  });

  it.each([
    ['http://127.0.0.1:9000/hook', 'ok'],
    ['http://localhost:9000/', 'ok'],
    ['http://[::1]:9000/', 'ok'],
    ['http://127.0.0.1/', 'ok'],
    ['https://example.com/', 'ok'],
    ['http://10.0.0.1:9000/', 'address'],
    ['http://127.0.0.1:22/', 'port'],
    ['ftp://127.0.0.1/', 'scheme'],
    ['http://127.0.0.1:8787/in/x', 'own_host'],
    ['http://localhost:8787/', 'own_host'],
    ['http://127.9.9.9:8787/', 'own_host'],
    ['http://[::1]:8787/', 'own_host'],
  ])('locally %s: %s', (url, expected) => expect(faultOf(url, local)).toBe(expected));
});

describe('targets of the operator', () => {
  const allowed = parseAllowedTargets(['app.internal', 'legacy.internal:80', '10.1.0.0/16']);
  const gate: TargetPolicy = { ...production, allowed };

  it.each([
    ['http://app.internal/x', 'ok'],
    ['https://app.internal:22/', 'ok'],
    ['http://legacy.internal/', 'ok'],
    ['http://legacy.internal:81/', 'scheme'],
    ['http://10.1.2.3/', 'ok'],
    ['https://10.2.0.1/', 'address'],
    ['http://other.internal/', 'scheme'],
    ['ftp://app.internal/', 'scheme'],
    ['https://u@app.internal/', 'credentials'],
    ['https://hooks.tidegate.example/', 'own_host'],
  ])('%s: %s', (url, expected) => expect(faultOf(url, gate)).toBe(expected));

  it.each(['', 'http://app.internal', 'app.internal/x', 'a b', '10.0.0.0/33', 'app:0', 'app:70000', 'u@app'])(
    'refuses the entry %p',
    (entry) => {
      expect(() => parseAllowedTargets([entry])).toThrow(expect.objectContaining({ code: 'INVALID_TARGET_ENTRY' }));
    },
  );
});
