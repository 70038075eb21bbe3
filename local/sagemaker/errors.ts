/** A refusal as SageMaker words it. All of them are the caller's, and answered 400. */
export class SageMakerError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'SageMakerError';
    this.code = code;
  }
}

/** What SageMaker answers to nearly everything that it refuses, an unknown name included. */
export function invalid(message: string): SageMakerError {
  return new SageMakerError('ValidationException', message);
}
