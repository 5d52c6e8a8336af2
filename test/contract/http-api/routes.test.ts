import { describe, expect, it } from '@jest/globals';
import { compileRoutes } from '../../../local/http-api/routes.ts';

const find = (...keys: string[]) => {
  const lookup = compileRoutes(keys.map((routeKey) => ({ routeKey })));
  return (method: string, path: string) => {
    const match = lookup(method, path);
    return match && [match.route.routeKey, match.pathParameters];
  };
};

describe('route selection', () => {
  // The example of "Routing API requests" in the API Gateway Developer Guide.
  it.each([
    ['GET', '/pets/dog/1', 'GET /pets/dog/1', undefined],
    ['GET', '/pets/dog/2', 'GET /pets/dog/{id}', { id: '2' }],
    ['GET', '/pets/cat/1', 'GET /pets/{proxy+}', { proxy: 'cat/1' }],
    ['POST', '/test/5', 'ANY /{proxy+}', { proxy: 'test/5' }],
    ['GET', '/', '$default', undefined],
  ])('%s %s takes %s', (method, path, routeKey, parameters) => {
    const keys = ['$default', 'ANY /{proxy+}', 'GET /pets/{proxy+}', 'GET /pets/dog/{id}', 'GET /pets/dog/1'];
    expect(find(...keys)(method, path)).toEqual([routeKey, parameters]);
    expect(find(...keys.reverse())(method, path)).toEqual([routeKey, parameters]);
  });

  it('prefers the named method to ANY, and a full match of ANY to a greedy one of the method', () => {
    const lookup = find('ANY /a/{x}', 'GET /a/{x}', 'GET /b/{proxy+}', 'ANY /b/c');
    expect(lookup('GET', '/a/1')).toEqual(['GET /a/{x}', { x: '1' }]);
    expect(lookup('PUT', '/a/1')).toEqual(['ANY /a/{x}', { x: '1' }]);
    expect(lookup('GET', '/b/c')).toEqual(['ANY /b/c', undefined]);
  });

  it('matches no empty tail and no empty variable', () => {
    const lookup = find('ANY /x/{proxy+}', 'GET /y/{id}');
    for (const path of ['/x', '/x/', '/y/', '/y', '/y/1/2']) expect(lookup('GET', path)).toBeUndefined();
  });

  it('does not fall back to another method', () => {
    expect(find('GET /a')('POST', '/a')).toBeUndefined();
    expect(find('GET /a')('GET', '/A')).toBeUndefined();
  });

  it.each(['FOO /x', 'GET x', 'GET', 'GET /{a+}/b', ''])('refuses the key %j', (key) => {
    expect(() => find(key)).toThrow(/route key/);
  });

  it('refuses a key that stands twice', () => {
    expect(() => find('GET /a', 'GET /a')).toThrow(/twice/);
  });
});
