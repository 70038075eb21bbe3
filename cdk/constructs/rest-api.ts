import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { CfnRestApi } from 'aws-cdk-lib/aws-apigateway';

/** TLS 1.2 with forward secrecy is the least. Strict: the name in the TLS handshake and the Host header must agree. */
export function requireModernTls({ node }: RestApi): void {
  const api = node.defaultChild;
  if (!(api instanceof CfnRestApi)) throw new Error('the REST API has no resource');
  api.securityPolicy = 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09';
  api.endpointAccessMode = 'STRICT';
}
