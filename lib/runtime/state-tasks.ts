import type { Context } from 'aws-lambda';
import { PromotionFailure } from '../app/promotion/failure.ts';
import { KEY_INACTIVE_ERROR, TRANSIENT_ERROR } from '../contracts/simulation.ts';
import { DomainError } from '../core/errors.ts';
import { codeOf, logger, logProblem } from './http.ts';

/**
 * Serves a state machine, which acts on the names of errors. What an error says stays in the log, and in the record that the
 * task has written before: executions are read by more people than either.
 *
 * @param about - what every line of the log names
 */
export function stateTasks<Task extends { readonly task: string }>(
  run: (task: Task, context: Context) => Promise<object>,
  about: (task: Task) => Readonly<Record<string, string>>,
) {
  return async (task: Task, context: Context): Promise<object> => {
    logger.appendKeys({
      aws_request_id: context.awsRequestId,
      trace_id: process.env._X_AMZN_TRACE_ID,
      task: task.task,
      ...about(task),
    });
    try {
      return await run(task, context);
    } catch (error) {
      throw named(error);
    }
  };
}

function named(error: unknown): Error {
  if (error instanceof PromotionFailure) {
    logger.warn(error.code, { error: error.name, detail: error.message });
    return Object.assign(new Error('the promotion tells why'), { name: error.name });
  }
  const refusal = error instanceof DomainError ? error : undefined;
  const code = codeOf(error);
  logProblem(code, error);
  const transient = code === 'EVIDENCE_KEY_INACTIVE' ? KEY_INACTIVE_ERROR : TRANSIENT_ERROR;
  const name = refusal?.retryAfterMs === undefined ? code : transient;
  return Object.assign(new Error(refusal?.message ?? 'the log has the reason'), { name });
}
