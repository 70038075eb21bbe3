import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { LocalControl } from '../../local/control.ts';
import { approveAll, mailsFor, mailsSoFar } from './approve.ts';
import type { Assurances } from './assurances.ts';
import { ENDPOINT } from './gate.ts';
import { FILES, type Run } from './pipeline.ts';
import { type Scene, short } from './scene.ts';

/** Where SageMaker would pull the serving image from; it is named by its digest, so nobody can move it. */
const REPOSITORY = 'breast-cancer-serving';

/** Whom the policy wants to have asked, by ids that name nobody. */
const APPROVERS = { 'approver-1': 'model-owner', 'approver-2': 'privacy-officer' } as const;

const addressOf = (id: string) => `${id}@example.org`;

/** Rings when the endpoint fails its callers; while a canary runs, that takes it back. */
const ALARM = `${ENDPOINT}-errors`;

/** Seconds that the local SageMaker lets pass in one, so that its minutes do not last as long here. */
const HURRY = 30;

/** What `countersign promote` and `countersign promotion show` print of a promotion. */
interface Promotion {
  readonly id: string;
  readonly state: string;
  readonly release: string | null;
}

/** What `countersign releases` prints of what serves. */
interface Served {
  readonly release: {
    readonly served: { readonly model: string } | null;
    readonly approvals: readonly { readonly role: string }[];
  } | null;
}

interface Candidate extends Pick<Assurances, 'image'> {
  readonly run: Run;
  /** Whether a headless browser approves. Otherwise the mails wait for whoever started this. */
  readonly unattended: boolean;
}

/**
 * The model's way to its endpoint: asked for, judged, approved by two people behind links of mails, deployed, sealed. Attended,
 * it ends where people are asked.
 */
export async function release(scene: Scene, { image, run, unattended }: Candidate): Promise<void> {
  const { local, promoter } = scene;
  const control = new LocalControl(local.control);
  await enrolPeople(scene);
  await control.speedUpSageMaker(HURRY);
  await makeAlarm(scene);
  const uri = `${local.accountId}.dkr.ecr.${local.region}.amazonaws.com/${REPOSITORY}@${image}`;
  const before = await mailsSoFar(control);
  const promotion = await scene.step(
    'promotion',
    () =>
      promoter.json<Promotion>(
        ...['promote', '--model', FILES.model, '--image', uri, '--endpoint', ENDPOINT, '--environment', 'production'],
        ...['--request', run.id, '--reason', 'trained, evaluated and reviewed by the example', '--bake-seconds', '5'],
        ...['--alarm', ALARM],
      ),
    ({ id }) => `asked for (${short(id)}); the gate decides first, then people`,
  );
  const asked = await scene.step(
    'approvers asked',
    () => mailsFor(control, Object.keys(APPROVERS).map(addressOf), before),
    (mails) => `${mails.length} mails, each with one link: ${local.inbox}`,
  );
  if (!unattended) {
    scene.log('open the inbox, follow a link, ask for a code, and decide; both must approve. Then:');
    scene.log(`  npx countersign --local promoter promotion show ${promotion.id}`);
    scene.log(`  npx countersign --local reader releases ${ENDPOINT}`);
    return;
  }
  await scene.step(
    'approvals',
    () => approveAll(control, asked),
    (pages) => `a browser opened ${pages} pages, asked for a code each, and approved`,
  );
  await scene.step(
    'release',
    () => promoter.json<Promotion>('promotion', 'show', promotion.id, '--wait'),
    ({ state, release: evidence }) => `${state} (evidence ${short(evidence ?? '')})`,
  );
  await scene.step(
    'what serves',
    async () => {
      const { release: now } = await scene.auditor.json<Served>('releases', ENDPOINT, '--at', new Date().toISOString());
      if (now?.served?.model !== scene.digest(FILES.model)) throw new Error(`it says ${JSON.stringify(now)}`);
      return now;
    },
    ({ served, approvals }) =>
      `${short(served?.model ?? '')}, approved by ${approvals.map(({ role }) => role).join(' and ')}`,
  );
}

/** The promoter gets a name that rules can hold against others, and the directory the people to ask. */
async function enrolPeople(scene: Scene): Promise<void> {
  const { uniqueId, roleArn } = scene.local.identities.promoter;
  await scene.step(
    'register promoter',
    () => scene.keyAdmin.countersign('principals', 'register', 'promoter', '--unique-id', uniqueId, '--arn', roleArn),
    () => 'who asks is somebody whom the rules can name',
  );
  for (const [id, role] of Object.entries(APPROVERS)) {
    await scene.step(
      `add ${id}`,
      () =>
        scene.peopleAdmin.countersign(
          ...['approver', 'add', id, '--name', `The ${role.replace('-', ' ')}`],
          ...['--email', addressOf(id), '--role', role],
        ),
      () => `asked as ${role}; evidence has the id, never name or address`,
    );
  }
}

/** What any team that serves a model has already. */
async function makeAlarm({ local }: Scene): Promise<void> {
  const { accessKeyId, secretAccessKey } = local.identities.administrator;
  const credentials = { accessKeyId, secretAccessKey };
  const cloudWatch = new CloudWatchClient({ endpoint: local.endpoint, region: local.region, credentials });
  try {
    await cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName: ALARM,
        AlarmDescription: 'The endpoint answers its callers with server errors',
        Namespace: 'AWS/SageMaker',
        MetricName: 'Invocation5XXErrors',
        Dimensions: [{ Name: 'EndpointName', Value: ENDPOINT }],
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
      }),
    );
  } finally {
    cloudWatch.destroy();
  }
}
