/** What "Logging using CloudWatch Logs" (AWS Step Functions Developer Guide) asks for; log deliveries have no resource to name. */
export const LOG_DELIVERIES = [
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
] as const;
