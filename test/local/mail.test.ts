import { get } from 'node:http';
import {
  CreateEmailIdentityCommand,
  SESv2Client,
  SendEmailCommand,
  type SendEmailCommandInput,
} from '@aws-sdk/client-sesv2';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { LocalControl } from '../../local/control.ts';
import { clientConfig } from './support/clients.ts';

const local = inject('local');
const control = new LocalControl(local.control);
const ses = new SESv2Client({ ...clientConfig(local, 'administrator'), maxAttempts: 1 });

const mail = (changes: Partial<SendEmailCommandInput> = {}): SendEmailCommand =>
  new SendEmailCommand({
    FromEmailAddress: 'Countersign <no-reply@mail.example.com>',
    Destination: { ToAddresses: ['Ada <ada@example.com>'], CcAddresses: ['bo@example.com'] },
    ReplyToAddresses: ['team@example.com'],
    Content: {
      Simple: {
        Subject: { Data: 'Approve churn — v7?' },
        Body: { Text: { Data: 'Open https://example.com/t0ken' }, Html: { Data: '<p>Open</p>' } },
        Headers: [{ Name: 'Auto-Submitted', Value: 'auto-generated' }],
      },
    },
    ...changes,
  });
const withSubject = (Data: string) => ({ Content: { Simple: { Subject: { Data }, Body: { Text: { Data: 'x' } } } } });

describe('SES on one machine', () => {
  beforeAll(async () => {
    await ses.send(new CreateEmailIdentityCommand({ EmailIdentity: 'mail.example.com' }));
  });

  it('takes a mail and shows all of it to tests', async () => {
    const { MessageId } = await ses.send(mail());
    expect((await control.mails()).find(({ id }) => id === MessageId)).toEqual({
      id: MessageId,
      sent_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      from: 'Countersign <no-reply@mail.example.com>',
      to: ['Ada <ada@example.com>', 'bo@example.com'],
      subject: 'Approve churn — v7?',
      text: 'Open https://example.com/t0ken',
      html: '<p>Open</p>',
      headers: {
        From: 'Countersign <no-reply@mail.example.com>',
        To: 'Ada <ada@example.com>',
        Cc: 'bo@example.com',
        'Reply-To': 'team@example.com',
        Subject: 'Approve churn — v7?',
        'Auto-Submitted': 'auto-generated',
      },
    });
  });

  it('shows the mail to people in the inbox', async () => {
    await ses.send(mail(withSubject('For <people>')));
    const page = await (await fetch(local.inbox)).text();
    expect(page).toContain('For &lt;people&gt;');
  });

  it('shows the inbox by no name that a web page could have made to point here', async () => {
    const { port } = new URL(local.inbox);
    const statusFor = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        get(local.inbox, { headers: { host: `${host}:${port}` } }, (answer) => resolve(answer.resume().statusCode))
          .on('error', reject)
          .end();
      });
    expect(await statusFor('rebound.example.com')).toBe(403);
    expect(await statusFor('localhost')).toBe(200);
  });

  it.each<[string, string, Partial<SendEmailCommandInput>]>([
    ['a sender whose address nobody has verified', 'MessageRejected', { FromEmailAddress: 'x@other.example.org' }],
    ['a configuration set that is not there', 'NotFoundException', { ConfigurationSetName: 'nowhere' }],
    ['a subject of two lines', 'BadRequestException', withSubject('Hello\r\nBcc: all@example.com')],
    [
      'an address of two lines',
      'BadRequestException',
      { Destination: { ToAddresses: ['a@example.com\nBcc: b@c.de'] } },
    ],
    ['a mail in its raw form', 'BadRequestException', { Content: { Raw: { Data: Buffer.from('Subject: x') } } }],
  ])('refuses %s', async (_, name, changes) => {
    // Those of the functions come at their own time.
    const own = async () => (await control.mails()).filter(({ to }) => /ada@|a@example|b@c\.de/.test(to.join()));
    const before = await own();
    await expect(ses.send(mail(changes))).rejects.toMatchObject({ name });
    expect(await own()).toEqual(before);
  });

  it('is down when a fault says so', async () => {
    await control.arm({
      match: { service: 'ses', operation: 'SendEmail', identity: 'administrator' },
      effect: { kind: 'refuse', status: 503, code: 'ServiceUnavailable' },
    });
    await expect(ses.send(mail())).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(await control.armed()).toEqual([]);
  });

  it('keeps links out of the record of calls', async () => {
    await ses.send(mail());
    const call = (await control.calls()).findLast(
      ({ identity, operation }) => identity === 'administrator' && operation === 'SendEmail',
    );
    expect(call?.resources).toEqual({ sender: 'no-reply@mail.example.com' });
    expect(JSON.stringify(call)).not.toContain('t0ken');
  });
});
