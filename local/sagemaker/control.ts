import { z } from 'zod/mini';
import type { SageMaker } from './control-plane.ts';
import { deploymentFault, tampering } from './faults.ts';

const speedSchema = z.strictObject({ factor: z.number().check(z.positive(), z.maximum(100_000)) });
const timeSchema = z.strictObject({ seconds: z.number().check(z.positive(), z.maximum(86_400)) });

/**
 * SageMaker's part of the control endpoint.
 *
 * @returns what to answer, or undefined if there is no such route.
 * @throws Error if the body is not the route's.
 */
export function controlSageMaker(sagemaker: SageMaker, route: string, body: unknown): object | undefined {
  switch (route) {
    case 'PUT /sagemaker/speed':
      sagemaker.setSpeed(speedSchema.parse(body).factor);
      return {};
    case 'POST /sagemaker/time':
      sagemaker.passTime(timeSchema.parse(body).seconds);
      return {};
    case 'GET /sagemaker/faults':
      return { armed: sagemaker.faults.armed };
    case 'POST /sagemaker/faults':
      sagemaker.faults.arm(deploymentFault.parse(body));
      return {};
    case 'DELETE /sagemaker/faults':
      sagemaker.faults.clear();
      return {};
    case 'POST /sagemaker/tamper':
      sagemaker.tamper(tampering.parse(body));
      return {};
    default:
      return undefined;
  }
}
