/** What the host and the thread that runs a handler say to each other. */

export interface WorkerBoot {
  /** Absolute path of the bundled module. */
  readonly modulePath: string;
  readonly exportName: string;
}

export interface InvokeMessage {
  readonly requestId: string;
  /** JSON of the event. */
  readonly event: string;
  /** Epoch milliseconds at which the function times out. */
  readonly deadline: number;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memorySize: number;
  readonly logGroup: string;
  readonly traceId: string;
}

export interface FunctionErrorBody {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed-init'; readonly error: FunctionErrorBody }
  | { readonly kind: 'result'; readonly requestId: string; readonly payload: string }
  | { readonly kind: 'error'; readonly requestId: string; readonly error: FunctionErrorBody };
