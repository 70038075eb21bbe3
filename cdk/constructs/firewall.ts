import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Stage } from 'aws-cdk-lib/aws-apigateway';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';

/**
 * AWS's managed rules that judge who calls, and known exploits in what is not evidence. Rules about bodies only count:
 * evidence must not be refused by a guess at its content. Hence not the common rule set, which refuses bodies over 8 KB.
 */
const MANAGED_RULES = [
  { name: 'AWSManagedRulesAmazonIpReputationList', counted: [] },
  {
    name: 'AWSManagedRulesKnownBadInputsRuleSet',
    counted: ['JavaDeserializationRCE_BODY', 'Log4JRCE_BODY', 'ReactJSRCE_BODY'],
  },
] as const;

/** Headers that hold credentials: signatures, the session of a proven approver; or, in spite of our pages, a link's path. */
const SECRET_HEADERS = ['authorization', 'cookie', 'referer', 'x-amz-security-token'];

export interface FirewallProps {
  readonly config: StageConfig;
  /** Tells several firewalls of a stage apart. Undefined: that of the machine API. */
  readonly name?: string;
  readonly requestsPerAddress: number;
  readonly auditKey: kms.IKey;
  readonly apiStage: Stage;
  /**
   * Whether its log may not have the paths.
   * @default false
   */
  readonly hasSecretPaths?: boolean;
}

/** A web application firewall in front of the API, with its log. */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, props: FirewallProps) {
    super(scope, id);
    const { config, apiStage } = props;
    const name = ['countersign', config.stage, ...(props.name === undefined ? [] : [props.name])].join('-');
    const acl = new wafv2.CfnWebACL(this, 'Acl', {
      name,
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visibility('all'),
      rules: [
        {
          name: 'rate',
          priority: 0,
          action: { block: {} },
          statement: { rateBasedStatement: { limit: props.requestsPerAddress, aggregateKeyType: 'IP' } },
          visibilityConfig: visibility('rate'),
        },
        ...MANAGED_RULES.map(({ name, counted }, index) => ({
          name,
          priority: index + 1,
          overrideAction: { none: {} },
          statement: {
            managedRuleGroupStatement: {
              vendorName: 'AWS',
              name,
              ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
            },
          },
          visibilityConfig: visibility(name),
        })),
      ],
    });
    new wafv2.CfnWebACLAssociation(this, 'Association', { resourceArn: apiStage.stageArn, webAclArn: acl.attrArn });
    this.logTo(acl, name, props);
  }

  private logTo(acl: wafv2.CfnWebACL, name: string, { config, auditKey, hasSecretPaths = false }: FirewallProps): void {
    // AWS WAF accepts only log groups whose name begins so.
    const logGroupName = `aws-waf-logs-${name}`;
    const logGroup = new logs.LogGroup(this, 'Log', {
      logGroupName,
      retention: config.logRetentionDays,
      encryptionKey: auditKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const logging = new wafv2.CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: acl.attrArn,
      // Without the ":*" that LogGroup.logGroupArn ends in.
      logDestinationConfigs: [Stack.of(this).formatArn({ service: 'logs', resource: `log-group:${logGroupName}` })],
      redactedFields: [
        { queryString: {} },
        ...(hasSecretPaths ? [{ uriPath: {} }] : []),
        ...SECRET_HEADERS.map((Name) => ({ singleHeader: { Name } })),
      ],
    });
    logging.node.addDependency(logGroup);
  }
}

function visibility(metricName: string): wafv2.CfnWebACL.VisibilityConfigProperty {
  // Sampled requests would show paths and headers in the console.
  return { cloudWatchMetricsEnabled: true, metricName, sampledRequestsEnabled: false };
}
