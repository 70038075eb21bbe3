import type { Fault } from './faults.ts';
import type { Mail } from './mail/mailbox.ts';
import type { CallRecord } from './recorder.ts';
import type { DeploymentFault, Tampering } from './sagemaker/faults.ts';

export type { Fault, FaultEffect, FaultMatch } from './faults.ts';
export type { Mail } from './mail/mailbox.ts';
export type { CallRecord } from './recorder.ts';
export type { DeploymentFault, Tampering } from './sagemaker/faults.ts';

/**
 * Speaks to the control endpoint of a running local AWS: what was called, and what shall go wrong.
 *
 * @example
 * const control = new LocalControl(description.control);
 * await control.arm({ match: { service: 's3', operation: 'PutObject' }, effect: { kind: 'execute-then-kill' } });
 */
export class LocalControl {
  readonly #url: string;
  readonly #token: string;

  /** @param access - `control` of {@link LocalDescription}. */
  constructor(access: { readonly url: string; readonly token: string }) {
    this.#url = access.url;
    this.#token = access.token;
  }

  /** Every AWS call since the last {@link resetCalls}, oldest first; the newest 50,000 at most. */
  async calls(): Promise<readonly CallRecord[]> {
    return (await this.#ask<{ calls: readonly CallRecord[] }>('GET', '/calls')).calls;
  }

  /** Number of calls by `service:Operation` since the last {@link resetCalls}. */
  async counters(): Promise<Readonly<Record<string, number>>> {
    return (await this.#ask<{ counters: Readonly<Record<string, number>> }>('GET', '/counters')).counters;
  }

  async resetCalls(): Promise<void> {
    await this.#ask('DELETE', '/calls');
  }

  /** Arms one more fault. */
  async arm(fault: Fault): Promise<void> {
    await this.#ask('POST', '/faults', fault);
  }

  /** Faults that are not used up. */
  async armed(): Promise<readonly Fault[]> {
    return (await this.#ask<{ armed: readonly Fault[] }>('GET', '/faults')).armed;
  }

  async disarm(): Promise<void> {
    await this.#ask('DELETE', '/faults');
  }

  /** Hides writes of the last `indexMs` from queries on indexes, and of the last `streamMs` from stream readers. 0: off. */
  async delayVisibility(delays: { readonly indexMs?: number; readonly streamMs?: number }): Promise<void> {
    await this.#ask('PUT', '/visibility', delays);
  }

  /** Lets the next event of a function meet a cold start. */
  async recycle(functionName: string): Promise<void> {
    await this.#ask('POST', '/recycle', { function: functionName });
  }

  /** Every mail that SES has taken, oldest first; the newest 5,000 at most. */
  async mails(): Promise<readonly Mail[]> {
    return (await this.#ask<{ mails: readonly Mail[] }>('GET', '/mails')).mails;
  }

  /** From now on, mails to the address are taken and then come back: SES reports a bounce of each. */
  async bounceMail(address: string): Promise<void> {
    await this.#ask('POST', '/mails/bounces', { address });
  }

  /** From now on, mails to the address are taken and then complained of: SES reports a complaint about each. */
  async complain(address: string): Promise<void> {
    await this.#ask('POST', '/mails/complaints', { address });
  }

  /** From now on, so many of SageMaker's seconds pass in a real one. At first, one does. */
  async speedUpSageMaker(factor: number): Promise<void> {
    await this.#ask('PUT', '/sagemaker/speed', { factor });
  }

  /**
   * So many of SageMaker's seconds pass at once. Whoever passes less than a stage lasts, look by look, misses none of them, however
   * busy the machine is.
   */
  async passSageMakerTime(seconds: number): Promise<void> {
    await this.#ask('POST', '/sagemaker/time', { seconds });
  }

  /** Lets the next deployment of an endpoint, or of any, go wrong. */
  async armDeployment(fault: DeploymentFault): Promise<void> {
    await this.#ask('POST', '/sagemaker/faults', fault);
  }

  /** Deployment faults that no deployment has met yet. */
  async armedDeployments(): Promise<readonly DeploymentFault[]> {
    return (await this.#ask<{ armed: readonly DeploymentFault[] }>('GET', '/sagemaker/faults')).armed;
  }

  async disarmDeployments(): Promise<void> {
    await this.#ask('DELETE', '/sagemaker/faults');
  }

  /** Changes at once what an endpoint runs or what a model names, as an intruder would. */
  async tamper(tampering: Tampering): Promise<void> {
    await this.#ask('POST', '/sagemaker/tamper', tampering);
  }

  async #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the control endpoint answered ${answer.status}: ${text}`);
    return JSON.parse(text);
  }
}
