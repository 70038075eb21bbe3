import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import type { ExchangeOptions, Resolved } from '../../../lib/adapters/https/exchange.ts';
import { poster } from '../../../lib/adapters/https/poster.ts';
import { isLoopback, isPublicAddress } from '../../../lib/adapters/https/public-address.ts';

describe('an address', () => {
  it.each(['93.184.215.14', '1.1.1.1', '172.15.255.255', '172.32.0.1', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'])(
    '%s is public',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    ['this network', '0.0.0.0'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['shared by a carrier', '100.64.0.1'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['metadata', '169.254.169.254'],
    ['metadata of containers', '169.254.170.2'],
    ['for benchmarks', '198.18.0.1'],
    ['for documents', '203.0.113.7'],
    ['multicast', '224.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['mapped IPv4', '::ffff:127.0.0.1'],
    ['mapped IPv4, even a public one', '::ffff:1.1.1.1'],
    ['mapped IPv4, in hexadecimal', '::ffff:a9fe:a9fe'],
    ['compatible IPv4', '::127.0.0.1'],
    ['unique local, metadata among them', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['translated IPv4 (NAT64)', '64:ff9b::7f00:1'],
    ['local translation', '64:ff9b:1::7f00:1'],
    ['Teredo', '2001:0:7f00:1::'],
    ['6to4', '2002:7f00:1::'],
    ['for documents', '2001:db8::1'],
    ['for documents', '3fff::1'],
    ['no address', 'localhost'],
    ['no address', ''],
  ])('%s is not public: %s', (_, address) => expect(isPublicAddress(address)).toBe(false));

  it.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['10.0.0.1', false],
    ['::ffff:127.0.0.1', false],
  ])('%s is this machine: %s', (address, expected) => expect(isLoopback(address)).toBe(expected));
});

describe('a post', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function listening(listener: RequestListener, host = '127.0.0.1'): Promise<number> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return (server.address() as AddressInfo).port;
  }

  const LOOPBACK: Resolved = { address: '127.0.0.1', family: 4 };
  const to = async (port: number, options: Partial<ExchangeOptions> = {}, host = 'hooks.example.org') =>
    await poster({ loopback: true, resolve: async () => [LOOPBACK], ...options }).post(
      new URL(`http://${host}:${port}/hook`),
      { 'webhook-id': 'msg_1' },
      '{"a":"ü"}',
    );

  it('brings the very bytes and headers, and tells the status', async () => {
    const seen: unknown[] = [];
    const port = await listening(async (request, response) => {
      const { method, url, headers } = request;
      seen.push(method, url, headers['webhook-id'], headers.host, (await buffer(request)).toString());
      response.writeHead(202).end('thank you');
    });
    expect(await to(port)).toEqual({ status: 202, reason: null });
    expect(seen).toEqual(['POST', '/hook', 'msg_1', `hooks.example.org:${port}`, '{"a":"ü"}']);
  });

  it('follows no redirect', async () => {
    let requests = 0;
    const port = await listening((_request, response) => {
      requests++;
      response.writeHead(307, { location: 'http://127.0.0.1/elsewhere' }).end();
    });
    expect(await to(port)).toEqual({ status: 307, reason: null });
    expect(requests).toBe(1);
  });

  it('goes to the address that was checked, whatever the name leads to a moment later', async () => {
    const reached: string[] = [];
    const port = await listening((_request, response) => {
      reached.push('checked');
      response.writeHead(204).end();
    });
    const answers = [[LOOPBACK], [{ address: '169.254.169.254', family: 4 }]];
    let asked = 0;
    const rebinding = async () => answers[asked++] ?? [];
    expect(await to(port, { resolve: rebinding })).toEqual({ status: 204, reason: null });
    expect([reached, asked]).toEqual([['checked'], 1]);
  });

  it.each([
    ['leads to this machine', [LOOPBACK]],
    ['leads to a private network', [{ address: '10.0.0.1', family: 4 }]],
    ['leads to the metadata service', [{ address: '169.254.169.254', family: 4 }]],
    ['leads to a public address and to this machine', [{ address: '93.184.215.14', family: 4 }, LOOPBACK]],
    ['leads to a mapped address', [{ address: '::ffff:127.0.0.1', family: 6 }]],
  ])('is refused where a name %s', async (_, addresses) => {
    let requests = 0;
    const port = await listening(() => requests++);
    expect(await to(port, { loopback: false, resolve: async () => addresses })).toEqual({
      status: null,
      reason: 'address_refused',
    });
    expect(requests).toBe(0);
  });

  it('reaches nothing private but this machine where that is allowed, and nothing else by plain HTTP', async () => {
    for (const address of ['10.0.0.1', '93.184.215.14']) {
      const resolve = async () => [{ address, family: 4 }];
      expect(await to(80, { resolve })).toEqual({ status: null, reason: 'address_refused' });
    }
  });

  it('says why nothing was answered', async () => {
    const nowhere = async () => {
      throw new Error('ENOTFOUND');
    };
    expect(await to(80, { resolve: nowhere })).toEqual({ status: null, reason: 'unresolved' });
    expect(await to(80, { resolve: async () => [] })).toEqual({ status: null, reason: 'unresolved' });
    const closed = await listening(() => {});
    servers.splice(0)[0]?.close();
    expect(await to(closed)).toEqual({ status: null, reason: 'unreachable' });
    const silent = await listening(() => {});
    expect(await to(silent, { timeoutMs: 50 })).toEqual({ status: null, reason: 'timed_out' });
    const unheard = () => new Promise<never>(() => {});
    expect(await to(80, { timeoutMs: 50, resolve: unheard })).toEqual({ status: null, reason: 'timed_out' });
  });

  it('does not wait for the end of an answer', async () => {
    const port = await listening((_request, response) => {
      response.writeHead(200);
      response.write('and so on');
    });
    expect(await to(port)).toEqual({ status: 200, reason: null });
  });

  it('resolves an address that is written out to itself, so that it is checked like any other', async () => {
    const url = new URL('http://127.0.0.1:9/');
    expect(await poster({ loopback: false }).post(url, {}, '')).toEqual({ status: null, reason: 'address_refused' });
    const v6 = new URL('http://[::1]:9/');
    expect(await poster({ loopback: false }).post(v6, {}, '')).toEqual({ status: null, reason: 'address_refused' });
  });
});
