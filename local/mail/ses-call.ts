import { z } from 'zod/mini';
import { type Answer, awsErrorAnswer } from '../answers.ts';
import type { AwsCall } from '../aws-call.ts';
import type { Mailbox } from './mailbox.ts';
import { sendEmailSchema } from './send-email.ts';

const takenSchema = z.object({ MessageId: z.string() });

/**
 * SendEmail: SES checks the sender in the emulator, and the mail goes to the mailbox.
 *
 * @param forward - asks the emulator.
 */
export async function sendEmail(
  mailbox: Mailbox,
  call: AwsCall,
  requestId: string,
  forward: () => Promise<Answer>,
): Promise<Answer> {
  const refuse = (status: number, code: string, message: string) =>
    awsErrorAnswer('ses', { status, code, message }, requestId);
  const request = sendEmailSchema.safeParse(call.input);
  if (!request.success) return refuse(400, 'BadRequestException', z.prettifyError(request.error));
  const set = request.data.ConfigurationSetName;
  if (set !== undefined && !mailbox.hasConfigurationSet(set)) {
    return refuse(404, 'NotFoundException', `Configuration set <${set}> does not exist.`);
  }
  const answer = await forward();
  if (answer.status === 200) {
    mailbox.take(request.data, takenSchema.parse(JSON.parse(Buffer.from(answer.body).toString('utf8'))).MessageId);
  }
  return answer;
}
