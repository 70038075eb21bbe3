import type { ApprovalQuestion, EndNotice, MailContent } from '../../lib/core/mail/model.ts';
import { FACTS, SUMMARY } from './pages.ts';

/** One mail of each kind, by a name that says what is to be seen. */

const LINK = 'https://approvals.example.com/approve/SECRET';

const QUESTION: ApprovalQuestion = {
  summary: SUMMARY,
  role: 'model-owner',
  deputyFor: null,
  gate: { passed: 15, waived: 1, notApplicable: 3, failed: 0, undetermined: 0 },
  changes: [
    'the model c071cf5f5ed6 gives way to 9372c470eead',
    'recall rises from 0.942 to 0.971, and accuracy falls from 0.974 to 0.965',
    'the policy is 2026.11.2 instead of 2026.09.1',
  ],
  until: FACTS.until,
  link: LINK,
};

const ENDED: EndNotice = {
  summary: SUMMARY,
  outcome: 'refused',
  by: null,
  at: '2026-11-21T12:31:00.000Z',
  because: [
    'the gate does not let it through: dataset_consent',
    'Nothing was released, and your approval comes to nothing. You need not do anything: should it be asked for again, you are asked anew',
  ],
};

export const MAILS: Readonly<Record<string, MailContent>> = {
  'mail-asked': { kind: 'approval_asked', ...QUESTION },
  'mail-asked-first': {
    kind: 'approval_asked',
    ...QUESTION,
    summary: { ...SUMMARY, emergency: true, image: null },
    gate: { ...QUESTION.gate, failed: 1 },
    changes: [],
  },
  'mail-reminder': { kind: 'reminder', ...QUESTION, askedAt: SUMMARY.requestedAt },
  'mail-escalation': { kind: 'escalation', ...QUESTION, deputyFor: 'p-7', askedAt: SUMMARY.requestedAt },
  'mail-asked-again': {
    kind: 'asked_again',
    ...QUESTION,
    changed: ['the consent for the dataset biopsies.csv was withdrawn and given anew'],
  },
  'mail-code': { kind: 'code', summary: SUMMARY, code: '40718236', validMinutes: 10 },
  'mail-digest': {
    kind: 'digest',
    questions: [
      QUESTION,
      {
        ...QUESTION,
        role: 'privacy-officer',
        deputyFor: 'p-12',
        summary: { ...SUMMARY, endpoint: 'tumour-scoring-us' },
      },
    ],
    ended: [ENDED],
  },
  'mail-digest-ended': { kind: 'digest', questions: [], ended: [ENDED] },
  'mail-refused': { kind: 'notice', ...ENDED },
  'mail-rolled-back': {
    kind: 'notice',
    summary: SUMMARY,
    outcome: 'rolled_back',
    by: null,
    at: '2026-11-21T12:31:00.000Z',
    because: ['the alarm tumour-scoring-eu-5xx fired 6 minutes into the canary', 'the model c071cf5f5ed6 serves again'],
  },
  'mail-rejected': {
    kind: 'notice',
    summary: SUMMARY,
    outcome: 'rejected',
    by: 'p-4',
    at: '2026-11-21T12:31:00.000Z',
    because: ['Accuracy fell; show me which row.'],
  },
};
