import { describe, expect, it } from 'vitest';
import { sesMailer } from '../../../lib/adapters/ses/mailer.ts';
import { answeringSes } from '../../support/answering.ts';

const MAIL = { subject: 'Approve?', text: 'text', html: '<p>html</p>' };

/** What comes of a mail to which SES answers with an error. */
function sendTo(error: string, status: number): Promise<boolean> {
  const client = answeringSes([{ status, body: { __type: error, message: 'no' } }]);
  const mailer = sesMailer(client, { from: 'a@example.org', configurationSet: 'set' });
  return mailer.send('b@example.org', MAIL, {});
}

describe('a mail', () => {
  it.each([
    ['AccessDeniedException', 403],
    ['NotFoundException', 404],
    ['AccountSuspendedException', 400],
    ['SendingPausedException', 400],
    ['MailFromDomainNotVerifiedException', 400],
    ['TooManyRequestsException', 429],
    ['LimitExceededException', 400],
    ['InternalServiceErrorException', 500],
  ])('that SES takes at another time, as %s says, is worth another attempt', async (error, status) => {
    await expect(sendTo(error, status)).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
      retryAfterMs: expect.any(Number),
    });
  });

  it.each(['BadRequestException', 'MessageRejected'])('that SES never takes, as %s says, is refused', async (error) => {
    expect(await sendTo(error, 400)).toBe(false);
  });

  it('that SES does not understand is a defect of ours', async () => {
    await expect(sendTo('InvalidSignatureException', 403)).rejects.toMatchObject({ name: 'InvalidSignatureException' });
  });
});
