/** One way in which a document does not fit (ajv's ErrorObject, as far as it is used). */
export interface SchemaError {
  /** JSON pointer of the value. */
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

/** @returns whether the parsed document is a CycloneDX 1.7 BOM; if not, `validate.errors` says why until the next call */
export const validate: ((document: unknown) => boolean) & { errors: readonly SchemaError[] | null };
