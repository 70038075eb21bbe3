import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { vi } from 'vitest';
import { buildProgram } from '../../../cli/program.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object | Uint8Array;
}

export interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly calls: readonly Call[];
}

/** Runs a command in this process against an API that answers by method and path. A failure of the command is thrown. */
export async function run(args: readonly string[], answer: (call: Call, origin: string) => Reply): Promise<Run> {
  const calls: Call[] = [];
  let origin = '';
  const server = createServer(async (request, response) => {
    const bytes = await buffer(request);
    const { method = '', url: path = '' } = request;
    const call = { method, path, body: bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined };
    calls.push(call);
    const { status = 200, headers = {}, body } = answer(call, origin);
    response.writeHead(status, headers).end(body instanceof Uint8Array ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 's');
  const [stdout, stderr] = [captured('stdout'), captured('stderr')];
  try {
    await buildProgram().parseAsync(['node', 'countersign', '--api', origin, '--region', 'eu-west-1', ...args]);
    return { stdout: stdout.text(), stderr: stderr.text(), exitCode: Number(process.exitCode ?? 0), calls };
  } finally {
    process.exitCode = undefined;
    for (const stream of [stdout, stderr]) stream.release();
    vi.unstubAllEnvs();
    await new Promise((resolve) => server.close(resolve));
  }
}

function captured(name: 'stdout' | 'stderr') {
  const written: string[] = [];
  const spy = vi.spyOn(process[name], 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
  return { text: () => written.join(''), release: () => spy.mockRestore() };
}
