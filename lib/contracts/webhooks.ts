/** KMS encryption context `purpose` of the secrets of webhooks: the data key may be used directly for named purposes only. */
export const SECRET_PURPOSE = 'webhook-secret';
