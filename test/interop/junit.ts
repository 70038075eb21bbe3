import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { junitXml, skippedXml } from '../../cli/gate/junit.ts';
import { GateSkipped } from '../../cli/gate/skipped.ts';
import { VERDICTS } from '../../lib/core/gate/input.ts';
import { digestOf } from '../support/manifests.ts';
import { decided, MODEL, SKIP, verdict } from '../unit/cli/decisions.ts';
import type { Check } from './support/checks.ts';
import { refused, run, succeeded } from './support/command.ts';
import { pythonWith } from './support/tools.ts';

const SCHEMA = resolve(import.meta.dirname, '../fixtures/junit/junit-10.xsd');

/** Exits 0 only when the document is valid; what is wrong it says on standard error. */
const VALIDATE = 'import sys, xmlschema; xmlschema.validate(sys.argv[2], sys.argv[1])';

/** Ends a tag, a document and a terminal's line. */
const HOSTILE = '\u001b[2K</testsuites>]]>&"\'\r\n\u0000\ud800\ufffe';

/** The JUnit reports of `countersign gate`, held against the schema of the Jenkins xUnit plugin by a validator of others. */
export async function junitReports(check: Check, folder: string): Promise<void> {
  const python = await pythonWith('junit');
  const file = join(folder, 'gate.xml');
  const validate = async (xml: string) => {
    await writeFile(file, xml);
    return await run(python, ['-c', VALIDATE, SCHEMA, file], { env: { PATH: process.env.PATH, HOME: folder } });
  };
  const because = [{ code: HOSTILE, params: { [HOSTILE]: HOSTILE } }];
  const verdicts = VERDICTS.map((said) =>
    verdict({ rule: `rule_${said}`, verdict: said, reasons: said === 'pass' ? [] : because, controls: [HOSTILE] }),
  );
  const report = junitXml(decided(verdicts, [verdict({ verdict: 'fail', reasons: because })]));

  await check('the schema of JUnit reports takes a decision with every kind of verdict and hostile texts', async () => {
    succeeded(await validate(report));
  });
  await check('the schema of JUnit reports takes the report of a gate that did not look', async () => {
    const skipped = new GateSkipped(MODEL, SKIP, digestOf('decision'), Buffer.alloc(0), {});
    succeeded(await validate(skippedXml(skipped)));
  });
  await check('the schema of JUnit reports refuses the same report with an element that it does not know', async () => {
    refused(await validate(report.replaceAll('failure', 'failed')), /failed/);
  });
}
