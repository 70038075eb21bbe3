/** What the process says to its caller. `countersign run` has three more, those of env(1) and timeout(1). */
export const ExitCode = {
  OK: 0,
  /** The API refused, or something did not verify. Sending the same again gives the same answer. */
  REFUSED: 1,
  /** The command line, the configuration or a file cannot be used. Nothing was sent. */
  USAGE: 2,
  /** The API or AWS could not be reached or was busy, through all retries. The same command may be run again. */
  UNAVAILABLE: 3,
  /** No AWS credentials, or credentials that may not do this. */
  NOT_PERMITTED: 4,
  /** `run`: countersign itself failed; the job did not run, or it succeeded and its evidence is not stored. */
  RUN_FAILED: 125,
  /** `run`: the command is there and cannot be run. */
  RUN_NOT_EXECUTABLE: 126,
  /** `run`: there is no such command. */
  RUN_NOT_FOUND: 127,
} as const;

export type ExitCodeValue = (typeof ExitCode)[keyof typeof ExitCode];
