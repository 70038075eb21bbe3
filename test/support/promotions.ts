import type { Promotion } from '../../lib/core/promotion.ts';

export const IMAGE = `registry.example/fraud@sha256:${'a'.repeat(64)}`;
export const NAMED_ALARM = 'fraud-errors';

/** A promotion that people are asked about, requested at a time; its question is for the caller to give. */
export function aPromotion(at: string): Promotion {
  return {
    id: '',
    kind: 'promotion',
    model: '',
    endpoint: '',
    environment: 'production',
    request: '',
    image: IMAGE,
    instance_type: 'ml.m5.large',
    instance_count: 4,
    canary_percent: 25,
    bake_seconds: 600,
    alarms: [NAMED_ALARM],
    reason: 'better',
    on_busy: 'wait',
    requested_at: at,
    requester: {
      arn: 'arn:aws:iam::111122223333:role/promoter',
      unique_id: 'AROAPROMOTER',
      at,
      principal: 'promoter',
    },
    confirmed_by: null,
    state: 'awaiting_approval',
    round: 1,
    roles: [],
    request_decision: null,
    release_decision: null,
    changes: [],
    deployment: null,
    abort: null,
    release: null,
    failure: null,
    incident: null,
    ended_at: null,
    settled: false,
    updated_at: at,
    events: 1,
    revision: 1,
  };
}
