import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../../../cli/errors.ts';
import { awsAccess, connect } from '../../../cli/session.ts';

const API = 'https://abc.execute-api.eu-west-1.amazonaws.com/prod';

describe('where the API is', () => {
  it('must be said', () => {
    expect(() => connect({}, {})).toThrow(/the address of the API is not known/);
  });

  it.each(['not a url', 'http://example.com/prod', 'ftp://example.com'])('is not %s', (api) => {
    expect(() => connect({ api, region: 'eu-west-1' }, {})).toThrow(UsageError);
  });

  it('may be this machine without TLS', () => {
    expect(connect({ api: 'http://127.0.0.1:4000/local', region: 'eu-west-1' }, {})).toBeDefined();
  });
});

describe('the region', () => {
  it.each([
    [{ region: 'us-east-1', api: API }, { AWS_REGION: 'eu-central-1' }, 'us-east-1'],
    [{ api: API }, { AWS_REGION: 'eu-central-1' }, 'eu-central-1'],
    [{ api: API }, { AWS_DEFAULT_REGION: 'eu-north-1' }, 'eu-north-1'],
    [{ api: API }, {}, 'eu-west-1'],
    [{}, { COUNTERSIGN_API: API }, 'eu-west-1'],
  ])('of %j in %j is %s', (options, env, region) => {
    expect(awsAccess(options, env).region).toBe(region);
  });

  it('must be known', () => {
    expect(() => awsAccess({ api: 'https://evidence.example.com' }, {})).toThrow(/the AWS region is not known/);
  });
});

describe('--local', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-session-'));
    mkdirSync(join(folder, '.countersign'));
    mkdirSync(join(folder, 'deep', 'down'), { recursive: true });
    const identity = (roles: string[], accessKeyId: string) => ({ roles, accessKeyId, secretAccessKey: 's' });
    const local = {
      region: 'eu-west-1',
      endpoint: 'http://127.0.0.1:4000',
      apiUrl: 'http://127.0.0.1:4000/local',
      identities: { 'training-pipeline': identity(['producer'], 'AKTRAIN'), officer: identity(['producer'], 'AKOFF') },
    };
    writeFileSync(join(folder, '.countersign', 'local.json'), JSON.stringify(local));
    vi.spyOn(process, 'cwd').mockReturnValue(join(folder, 'deep', 'down'));
  });

  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  it('finds the stack above the working directory, by the name of an identity or by a role', async () => {
    const access = awsAccess({ local: 'officer' }, {});
    expect(access).toMatchObject({ region: 'eu-west-1', endpoint: 'http://127.0.0.1:4000' });
    expect((await access.credentials()).accessKeyId).toBe('AKOFF');
    expect((await awsAccess({ local: 'producer' }, {}).credentials()).accessKeyId).toBe('AKTRAIN');
  });

  it('names the identities that there are', () => {
    expect(() => awsAccess({ local: 'nobody' }, {})).toThrow(
      expect.objectContaining({ hint: 'there are: training-pipeline, officer' }),
    );
  });

  it('says that the stack must run', () => {
    rmSync(join(folder, '.countersign', 'local.json'));
    expect(() => awsAccess({ local: 'officer' }, {})).toThrow(UsageError);
  });
});
